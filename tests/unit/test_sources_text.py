"""Foreign text, folded: short and long alike."""

from __future__ import annotations

from hypothesis import example, given, settings
from hypothesis import strategies as st

from service.sources.text import fold, joined


@settings(max_examples=15)
@given(st.text("ab \t\n\x00\u2028\u3000é", min_size=1, max_size=12), st.integers(0, 9))
@example(" ", 0)
@example("\x00 a", 3)
def test_a_long_text_is_folded_like_a_short_one(piece: str, more: int) -> None:
    text = piece * (200_000 // len(piece)) + piece[:more]
    assert fold(text) == " ".join(text.replace("\x00", "").split())


def test_a_link_is_made_whole_or_dropped() -> None:
    assert joined("https://a.example/b/c", "d?e#f") == "https://a.example/b/d?e#f"
    assert joined("", "https://a.example/") == "https://a.example/"
    assert [joined("https://a.example/", value) for value in ("", None, 5, "javascript:x", "http://[")] == [""] * 5
