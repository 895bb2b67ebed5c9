"""What pages call things: a source by the place that people know, and by nothing that is not theirs to know."""

from __future__ import annotations

import pytest

from service.web.shown import source


@pytest.mark.parametrize(
    ("url", "name"),
    [
        ("https://huggingface.co/papers", "Hugging Face Daily Papers"),
        ("https://rss.arxiv.org/rss/cs.LG", "arXiv cs.LG"),
        ("https://www.papers.example/feed/", "papers.example/feed"),
        ("https://me:secret@www.papers.example:8443/feed", "papers.example:8443/feed"),
        ("https://me:secret@rss.arxiv.org/rss/cs.LG", "arXiv cs.LG"),
        ("/srv/lab/saved/pages", "pages"),
        ("/srv/lab/saved/journal.xml", "journal.xml"),
        ("file:///srv/lab/saved/journal.xml", "journal.xml"),
    ],
)
def test_a_source_is_named_without_the_folders_of_this_machine(url: str, name: str) -> None:
    assert source(url) == name
