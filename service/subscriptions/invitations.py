"""A table of people → one mail each that asks them to confirm, with the topics filled in.

Comes in: the bytes of a CSV file. Goes out: what became of each row, with its line. Refuses to know: files, terminals.
The operator invites; whether somebody reads is their own choice, so each of them confirms.
"""

from __future__ import annotations

import codecs
import csv
import io
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime

from service import editions
from service.errors import InputError, KeywordsError
from service.model import Schedule
from service.subscriptions import Subscriptions

_NAMES = {
    "email": ("email", "e-mail", "mail", "address", "email address", "e-mail address"),
    "topics": ("topics", "keywords", "topic", "keyword"),
    "timezone": ("timezone", "time zone", "zone"),
    "hour": ("hour", "time"),
}
_DELIMITERS = ",;\t"


@dataclass(frozen=True, slots=True)
class Invited:
    """What became of one row; `line` counts from 1 as an editor does, `problem` says what has to be mended."""

    line: int
    email: str
    outcome: str = ""
    problem: str = ""


@dataclass(frozen=True, slots=True)
class Row:
    """One row by the names of its columns; `problem` where it cannot be read as a row."""

    line: int
    cells: Mapping[str, str] = field(default_factory=dict)
    problem: str = ""


def read(table: bytes) -> list[Row]:
    """The rows of a CSV file. Raises InputError for what is no such table.

    The first line names the columns: email, and where wanted topics (parted by semicolons or line breaks), timezone
    and hour. Commas, semicolons or tabs part the columns, as spreadsheets of different countries write them.
    """
    lines = io.StringIO(_text(table), newline="")
    delimiter = max(_DELIMITERS, key=lines.readline().count)
    lines.seek(0)
    # Without `strict` an opening quote that nobody closes would silently swallow everybody below it.
    reader = csv.reader(lines, delimiter=delimiter, strict=True)
    (_, head, problem), *rest = [*_records(reader)] or [(1, [], "")]
    columns = _columns(head, problem)
    return [
        Row(line, {name: cells[at].strip() for name, at in columns.items() if at < len(cells)}, problem)
        for line, cells, problem in rest
        if problem or any(cell.strip() for cell in cells)
    ]


def invite(subscriptions: Subscriptions, rows: Sequence[Row], usual: Schedule, now: datetime) -> Iterator[Invited]:
    """Invite each person; a bad row stops nobody else, and whoever was invited before is left in peace.

    Time zone and hour are those of `usual` where a row leaves them empty. The mails leave once all rows are done.
    """
    editions.check_schedule(usual)
    try:
        for row in rows:
            yield _invited(subscriptions, row, usual, now)
    finally:
        subscriptions.bell.deliver()


def _invited(subscriptions: Subscriptions, row: Row, usual: Schedule, now: datetime) -> Invited:
    email = row.cells.get("email", "")
    if row.problem:
        return Invited(row.line, email, problem=row.problem)
    try:
        outcome = subscriptions.invite(email, row.cells.get("topics", ""), _schedule(row.cells, usual), now)
    except KeywordsError as error:
        return Invited(row.line, email, problem="; ".join(f"{each.keyword}: {each}" for each in error.errors))
    except InputError as error:
        return Invited(row.line, email, problem=str(error))
    return Invited(row.line, email, outcome)


def _schedule(cells: Mapping[str, str], usual: Schedule) -> Schedule:
    hour = cells.get("hour", "").removesuffix(":00") or str(usual.hour)
    if not (hour.isascii() and hour.isdigit() and int(hour[:3]) < 24):
        raise InputError(f"{cells['hour']!r} is no hour; write 0 to 23.")
    return Schedule(editions.check_timezone(cells.get("timezone") or usual.timezone), int(hour), usual.weekdays)


def _text(table: bytes) -> str:
    wide = table.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE))
    try:
        return table.decode("utf-16" if wide else "utf-8-sig")
    except UnicodeDecodeError as error:
        raise InputError("This is no text in UTF-8; save the table as “CSV UTF-8”.") from error


def _records(reader: csv._reader) -> Iterator[tuple[int, list[str], str]]:  # type: ignore[name-defined]
    """Each record with the line it begins on, and what is wrong where it cannot be read."""
    while True:
        line = reader.line_num + 1
        try:
            cells = next(reader, None)
        except csv.Error as error:
            yield line, [], _said(str(error), reader.line_num - line)
        else:
            if cells is None:
                return
            yield line, cells, ""


def _said(fault: str, below: int) -> str:
    """What is wrong with a record, and how many lines below went into it: the people on them are not invited."""
    lost = f"the {below} {'line' if below == 1 else 'lines'} below could not be read" if below else ""
    if "unexpected end" in fault or ("field larger" in fault and lost):
        return f"An opening quote is never closed{lost and f', so {lost}'}."
    if "field larger" in fault:
        return f"A cell holds more than {csv.field_size_limit():,} characters."
    doubled = 'A cell with quotes in it is written in quotes, each inner one doubled: "lora; ""flow matching""".'
    return f"{doubled} Perhaps an opening quote is never closed: {lost}." if lost else doubled


def _columns(head: Sequence[str], problem: str) -> dict[str, int]:
    names = [cell.strip().casefold() for cell in head]
    found = {name: names.index(spelt) for name, spellings in _NAMES.items() for spelt in spellings if spelt in names}
    if problem or "email" not in found:
        raise InputError("The first line must name the columns: email, topics, and where wanted timezone and hour.")
    return found
