"""Pages: what readers and operators meet in a browser, and the one-click door of their mail programs.

Comes in: HTTP requests. Goes out: server-rendered pages that work without JavaScript, cookies or accounts. Refuses to
know: SQL, sources, matching, how mails are made or sent. GET and HEAD never change anything.

    app.py            assembles: guard → routes → pages for every error
    guard.py          what holds for every answer and every body; who may post a form
    timing.py         equally long answers
    limits.py         how often a network may send forms
    pages.py          facts + template → answer; shown.py puts times and addresses into a reader's terms
    forms.py          fields as typed → values, with all that is wrong at once
    front.py          the shop window and signing up; trying.py: what topics would bring
    starting.py       topics from papers
    subscription.py   confirming; managing.py, choosing.py: what a reader chooses; leaving.py: pausing and stopping
    lists.py          what the owner of a shared address decides
    archive.py        papers for everybody, by day and by search, with feeds; cursors.py: where a list goes on
    records.py        everything exported, everything erased, another address
    api.py            /api/v1 for programs; answers.py: what it says; problems.py: errors; documentation.py: /docs
    mailbox.py        the local mailbox, on loopback only; metrics.py: /metrics; site.py: health, robots, imprint
"""

from service.web.app import create_app

__all__ = ["create_app"]
