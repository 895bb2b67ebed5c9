"""Texts that are mail addresses, as settings take them. Comes in: a text. Goes out: a bare address, or a ValueError."""

from __future__ import annotations

import re

# The tag of a mail has 39 letters at most, and a name before the @ 64 (RFC 5321).
LONGEST_BOUNCES = 24

# What stands in a header without quotes (RFC 5322's dot-atom); the domain may have letters of any script.
_ATOM = r"[0-9A-Za-z!#$%&'*+/=?^_`{|}~-]+"
_ADDRESS = re.compile(rf"{_ATOM}(?:\.{_ATOM})*@[^\s@<>(),;:\"\[\]\\]+")


def address(text: str) -> str:
    """Take a bare mail address; whether mail for it arrives is for the relay to say."""
    if not _ADDRESS.fullmatch(text.strip()):
        raise ValueError("write a bare mail address such as digest@example.org, with plain letters before the @")
    return text.strip()


def address_or_none(text: str) -> str:
    """Take a bare mail address or nothing; a `mailto:` in front is dropped."""
    bare = text.strip().removeprefix("mailto:")
    return address(bare) if bare else ""


def bounce_address(text: str) -> str:
    """Take a bare mail address to whose name a tag can be added, or nothing."""
    bare = address_or_none(text)
    if len(bare.partition("@")[0]) > LONGEST_BOUNCES:
        raise ValueError(f"its name before the @ may have {LONGEST_BOUNCES} letters, so that a tag has room behind it")
    return bare


def mail_address(text: str) -> str:
    """The text, where it is a bare mail address; nothing where it is something else."""
    bare = text.strip().removeprefix("mailto:")
    return bare if _ADDRESS.fullmatch(bare) else ""
