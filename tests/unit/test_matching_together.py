"""An index that is asked by one thread while another one makes it forget."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from types import FrameType
from typing import Any

import pytest

from service import matching
from service.keywords import Keyword, parse
from service.matching import Index
from service.model import Paper

PAPERS = [
    Paper("Flow Matching for Graphs", "We study diffusion and flow matching.", authors=("Ada Byron",)),
    Paper("Diffusion", "Graphs of flow matching, and flow matching of graphs."),
]


@contextmanager
def forgetting(index: Index) -> Iterator[None]:
    """Forget before every line of the index, as another thread may at any time."""

    def step(frame: FrameType, _event: str, _: Any) -> Callable[..., Any] | None:
        if Path(frame.f_code.co_filename) != Path(matching.__file__):
            return None
        index.add(())
        return step

    before = sys.gettrace()
    sys.settrace(step)
    try:
        yield
    finally:
        sys.settrace(before)


def asked(index: Index, keyword: Keyword) -> list[object]:
    found = index.find(keyword)
    hits = [index.hits(keyword, position) for position in range(len(PAPERS))]
    return [found.papers.tolist(), found.title.tolist(), *hits]


@pytest.mark.parametrize("typed", ["flow matching", "graph AND NOT horse", "title:diffusion OR author:byron", "-flow"])
def test_what_another_thread_makes_it_forget_is_found_all_the_same(typed: str) -> None:
    index, keyword = Index(PAPERS), parse(typed)
    alone = asked(Index(PAPERS), keyword)
    with forgetting(index):
        beside = asked(index, keyword)
    assert beside == alone
