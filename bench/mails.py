"""Mails of a wished size, made of the ground's text.

Comes in: a ground, a number, a size. Goes out: mails as the service assembles them. Refuses to know: readers, digests.
"""

from __future__ import annotations

from itertools import cycle

from bench.ground import Ground
from service.messages.mime import assemble, quoted_printable

_HEAD = """From: "Paper Round" <digest@papers.example.org>\r
To: reader{number}@example.org\r
Subject: Sparse Attention Is Enough + {number}\r
Date: Fri, 20 Nov 2026 06:00:00 +0000\r
Message-ID: <{number}.2026-11-20@papers.example.org>\r
Auto-Submitted: auto-generated\r
List-Id: "Paper Round" <digest.papers.example.org>\r
List-Unsubscribe: <https://papers.example.org/unsubscribe/token-of-{number}>\r
List-Unsubscribe-Post: List-Unsubscribe=One-Click\r
Feedback-ID: 2026-11-20:digest:papers.example.org:paperround\r
"""


def mails(ground: Ground, count: int, size: int) -> list[bytes]:
    """So many different mails of about so many bytes, a third of each its text part and the rest its HTML part."""
    papers = cycle(f"{paper.title}\n\n{paper.abstract}\n" for paper in ground.papers(500))
    made = []
    for number in range(count):
        text = html = ""
        while len(text) + len(html) < size * 0.96:
            paper = next(papers)
            text += paper
            html += f'<h2 style="margin:0;font-size:17px">\n  {paper}\n</h2>\n<p style="margin:6px 0">{paper}</p>\n'
        identity = f"{number}.2026-11-20@papers.example.org"
        parts = [quoted_printable(text)], [quoted_printable(html)]
        made.append(assemble(_HEAD.format(number=number), identity, *parts))
    return made
