"""A mail that came back → what it says of the mail that was sent.

Comes in: the bytes of a mail. Goes out: whether the address is gone, the mail was only not taken now, or its reader
complained, and what in it may name the mail. Refuses to know: rows, readers; whether a name is genuine is for its
signature to say. Reads delivery status notifications (RFC 3464), abuse reports (RFC 5965) and, where a server sends
neither, the words of its daemon. Nothing in a mail can make reading fail.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from email import message_from_bytes
from email.message import Message
from enum import StrEnum

from service.deliveries.letters import text_of


class Verdict(StrEnum):
    """What came back. `soft`: another mail may be taken; `other`: an answer of a person or a machine.

    `leave` asks to be left alone, by the mail that List-Unsubscribe names (RFC 2369).
    """

    HARD = "hard"
    SOFT = "soft"
    COMPLAINT = "complaint"
    LEAVE = "leave"
    OTHER = "other"


@dataclass(frozen=True, slots=True)
class Returned:
    """What a returned mail says; `status` is a code of RFC 3463 where there is one.

    `tokens` and `message_ids` are all that may name the mail that was sent, the most telling first. `leaving` is the
    token of an unsubscribe link.
    """

    verdict: Verdict
    status: str = ""
    tokens: tuple[str, ...] = ()
    message_ids: tuple[str, ...] = ()
    leaving: str = ""


# So much of a mail is read; what says who it was stands at the beginning. Anybody may write to this address.
_LONGEST = 250_000
# No honest mail has more parts within parts; the library holds each line against the end of every one of them.
_DEEPEST = 20
_BOUNDARY = re.compile(rb"boundary\s?[=*]", re.IGNORECASE)
# So much of what a server says of one recipient.
_SAID = 4000
# Where a daemon's own words end and the mail that it returns begins; no line is looked at twice.
_RETURNS = re.compile(r"^-.*(?:original|copy of|returned)|^received: ", re.IGNORECASE | re.MULTILINE)
_TOKEN = re.compile(r"\+([0-9a-f]{1,16}\.[0-9a-f]{6}-[a-z2-7]{16})(?:@|=40)", re.IGNORECASE)
_MESSAGE_ID = re.compile(r"<([0-9a-f]{24})@", re.IGNORECASE)
_LEAVING = re.compile(r"\s*unsubscribe[\s+]+([0-9a-f]{1,12}\.[\w.~-]{1,80})\s*", re.ASCII | re.IGNORECASE)
_ADDRESSED = ("delivered-to", "x-original-to", "envelope-to", "x-envelope-to", "to")

# RFC 3463: the address is wrong, has moved or is switched off, or no server takes mail for its domain.
_GONE = re.compile(r"5\.(?:1\.(?:0|1|2|3|4|6|10)|2\.1|4\.4)")
_CODE = re.compile(r"(?<![\d.])([245]\.\d{1,3}\.\d{1,3})(?![\d.])")
_REPLY = re.compile(r"(?<![\d.])([245]\d\d)(?=[ -])")
# What servers say of us, of the mail or of this hour, whatever code they put in front.
_NOT_THE_ADDRESS = re.compile(
    r"spam|spf|dkim|dmarc|block(?:ed|ing|list)|black ?list|polic(?:y|ies)|reputation|reverse dns|\b(?:ptr|rbl|dnsbl)\b"
    r"|quota|mailbox (?:is )?(?:full|exceed)|too (?:large|big|many)|size limit|storage|relaying|relay (?:access|not)"
    r"|virus|malware|content (?:rejected|filter)|message content|again|temporar|timed? ?out|expired|greylist|\brate\b"
    r"|banned|unsolicited|\bsender\b|mail from\b|access denied|authenticat|prohibited|suspicious",
    re.IGNORECASE,
)
_NO_SUCH = re.compile(
    r"(?:user|recipient|address|mailbox|account|addressee|alias)(?: \S+| <[^<>]*>)? ?(?:is |was |does |has |name )?"
    r"(?:unknown|invalid|disabled|inactive|no longer|doesn'?t (?:exist|have)|isn'?t"
    r"|not (?:be )?(?:found|exist|known|available|here|valid|listed|a valid|a known))"
    r"|no such (?:user|recipient|address|mailbox|person|account|domain|host)"
    r"|unknown (?:user|recipient|address|mailbox|local|account|virtual|host|domain)|does ?n[o']t exist"
    r"|invalid (?:recipient|address|mailbox|user)|no mailbox|unrout?e?able|no valid recipients"
    r"|host (?:or domain name )?(?:not found|unknown)|domain (?:not found|does not exist|isn't|is not reachable)"
    r"|name service error|null ?mx|does not accept mail|has moved|undeliverable address"
    r"|not (?:a valid|listed|our customer|recogni[sz]ed|in (?:our|the) (?:directory|domain))",
    re.IGNORECASE,
)
_DAEMON = re.compile(r"mailer-daemon|postmaster|mail delivery|mail-daemon|mdaemon|<>", re.IGNORECASE)


def read_return(raw: bytes) -> Returned:
    """Say what a mail that came back means."""
    mail = _parsed(raw[:_LONGEST])
    if leaving := _LEAVING.fullmatch(str(mail.get("subject", ""))):
        return Returned(Verdict.LEAVE, leaving=leaving[1])
    parts = list(_parts(mail))
    verdict, status = _judged(mail, parts)
    seen = "\n".join([*(str(mail.get(name, "")) for name in _ADDRESSED), raw[:_LONGEST].decode("latin-1")])
    return Returned(verdict, status, _named(_TOKEN, seen), _named(_MESSAGE_ID, seen))


def _named(pattern: re.Pattern[str], text: str) -> tuple[str, ...]:
    return tuple(dict.fromkeys(found.lower() for found in pattern.findall(text)))


def _parsed(raw: bytes) -> Message:
    try:
        if len(_BOUNDARY.findall(raw)) <= _DEEPEST:
            return message_from_bytes(raw)
    except RecursionError:
        pass  # One mail within another needs no boundary.
    return message_from_bytes(b"Content-Type: text/plain\n\n" + raw)


def _parts(mail: Message) -> Iterator[Message]:
    """Every part in its order, without recursion."""
    waiting = [mail]
    while waiting:
        part = waiting.pop()
        yield part
        if part.is_multipart():
            waiting.extend(reversed([each for each in part.get_payload() if isinstance(each, Message)]))


def _judged(mail: Message, parts: list[Message]) -> tuple[Verdict, str]:
    if any(_kind(part) == "message/feedback-report" for part in parts):
        return _complaint(parts), ""
    verdicts = [
        _recipient(block) for part in parts if _kind(part) == "message/delivery-status" for block in _blocks(part)
    ]
    told = [each for each in verdicts if each is not None]
    if told:
        return min(told, key=lambda each: list(Verdict).index(each[0]))
    if _is_daemon(mail):
        return _by_words(_texts(parts))
    return Verdict.OTHER, ""


def _kind(part: Message) -> str:
    return part.get_content_type()


def _complaint(parts: list[Message]) -> Verdict:
    """Only what a person pressed a button for is one; a report on signatures is not."""
    kinds = [str(each.get("feedback-type", "")).strip().lower() for each in parts if each.get("feedback-type")]
    return Verdict.COMPLAINT if not kinds or kinds[0] in {"abuse", "complaint", "fraud", "other"} else Verdict.OTHER


def _blocks(part: Message) -> Iterable[Message]:
    inner = part.get_payload()
    return [each for each in inner if isinstance(each, Message)] if isinstance(inner, list) else []


def _recipient(block: Message) -> tuple[Verdict, str] | None:
    """The verdict of the fields on one recipient; None for the fields on the whole message."""
    action = str(block.get("action", "")).strip().lower()
    status = str(block.get("status", ""))
    if not action and not status:
        return None
    said = " ".join(" ".join(map(str, block.get_all("diagnostic-code", []))).split())[:_SAID]
    if action and not action.startswith("fail"):
        return (Verdict.SOFT if action.startswith("delay") else Verdict.OTHER), _first(_CODE, status)
    return _by_code(_first(_CODE, said) or _first(_CODE, status), said)


def _by_code(status: str, said: str) -> tuple[Verdict, str]:
    """The words win over the code: servers say 5.1.1 of spam, and 5.0.0 of everything."""
    reply = _first(_REPLY, said)
    permanent = status.startswith("5") if status else reply.startswith("5")
    if not permanent or _NOT_THE_ADDRESS.search(said):
        return Verdict.SOFT, status
    gone = bool(_GONE.fullmatch(status) or _NO_SUCH.search(said))
    return (Verdict.HARD if gone else Verdict.SOFT), status


def _is_daemon(mail: Message) -> bool:
    if (
        str(mail.get("auto-submitted", "")).strip().lower().startswith("auto-replied")
        and mail.get("x-failed-recipients") is None
    ):
        return False
    return any(_DAEMON.search(str(mail.get(name, ""))) for name in ("from", "return-path", "sender"))


def _by_words(text: str) -> tuple[Verdict, str]:
    """What a daemon says in its own words, up to where it returns the mail."""
    own = " ".join(_RETURNS.split(text, maxsplit=1)[0][:_SAID].split())
    status = _first(_CODE, own)
    if status.startswith("4") or (not status and _first(_REPLY, own).startswith("4")):
        return Verdict.SOFT, status
    if _NOT_THE_ADDRESS.search(own) or not (_NO_SUCH.search(own) or _GONE.fullmatch(status)):
        return Verdict.SOFT, status
    return Verdict.HARD, status


def _texts(parts: list[Message]) -> str:
    return "\n".join(
        text_of(part) for part in parts if part.get_content_maintype() == "text" and not part.is_multipart()
    )


def _first(pattern: re.Pattern[str], text: str) -> str:
    found = pattern.search(text)
    return found[1] if found else ""
