"""Keywords as previews and composing read them again and again."""

from __future__ import annotations

import tracemalloc

from service.pipeline.selection import read_keyword


def test_a_visitor_who_tries_thousands_of_long_topics_fills_no_memory() -> None:
    long = [" OR ".join(f"Bandersnatch{number:x}x{word}" for word in range(5)) for number in range(1500)]
    read_keyword(long[0])
    tracemalloc.start()
    try:
        assert all(map(read_keyword, long[:1100]))
        before, _ = tracemalloc.get_traced_memory()
        assert all(map(read_keyword, long[1100:]))
        after, _ = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert after - before < 200_000
