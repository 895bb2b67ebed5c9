"""Cursors: whatever stands in a link is a mark of this list or nothing."""

from __future__ import annotations

from datetime import date

from hypothesis import given
from hypothesis import strategies as st

from service.pipeline.archive import LAST_ID, Mark, Place
from service.web import cursors

PLACES = st.builds(Place, st.dates(), st.integers(0, LAST_ID))
MARKS = st.builds(Mark, PLACES, PLACES)
TOPICS = st.lists(st.text(max_size=20), max_size=4)


@given(MARKS, TOPICS)
def test_a_cursor_leads_back_to_its_mark_in_its_own_list_alone(mark: Mark, topics: list[str]) -> None:
    cursor = cursors.write(mark, topics)
    assert cursors.read(cursor, topics) == mark
    assert cursors.read(cursor, [*topics, "other"]) is None


@given(MARKS, st.data())
def test_a_cursor_that_lost_or_changed_a_letter_is_none(mark: Mark, data: st.DataObject) -> None:
    cursor = cursors.write(mark, ())
    at = data.draw(st.integers(0, len(cursor) - 2))
    assert cursors.read(cursor[:at], ()) is None
    swapped = cursor[:at] + ("A" if cursor[at] != "A" else "B") + cursor[at + 1 :]
    assert cursors.read(swapped, ()) in (None, mark)


@given(st.text(max_size=300))
def test_any_text_is_read_without_a_fault(text: str) -> None:
    assert cursors.read(text, ()) is None


def test_a_cursor_to_a_number_no_database_knows_is_none() -> None:
    for number in (LAST_ID + 1, -1):
        mark = Mark(Place(date.max, number), Place(date.max, 1))
        assert cursors.read(cursors.write(mark, ()), ()) is None


def test_the_longest_cursor_is_read_whole() -> None:
    mark = Mark(Place(date.max, LAST_ID), Place(date.max, LAST_ID))
    assert cursors.read(cursors.write(mark, ["x" * 5000]), ["x" * 5000]) == mark
