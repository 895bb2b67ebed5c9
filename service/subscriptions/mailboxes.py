"""Addresses as typed → the address to write to, the mailbox it names, and the keyed hash it is remembered by.

Comes in: text and keys. Goes out: addresses and hashes. Refuses to know: who reads, what a mailbox was asked.
"""

from __future__ import annotations

import hashlib
import hmac

from email_validator import EmailNotValidError, validate_email

from service.errors import AddressError

# RFC 5321, section 4.5.3.1, and room for blanks around it: the library takes seconds for a megabyte.
_LONGEST = 400
_LONGEST_LOCAL = 64
_GOOGLE = ("gmail.com", "googlemail.com")


def read(typed: str, serious: bool) -> str:
    """Return the address to write to, or raise AddressError; `serious`: only one that mail can reach from anywhere.

    Its domain is spelt in one way, whether it was typed in letters or as IDNA writes it. In small letters it names one
    mailbox; what merely folds alike does not: straße.de and strasse.de are two people's domains.
    """
    if len(typed) > _LONGEST:
        raise AddressError("This mail address cannot be used. No address is so long.")
    try:
        checked = validate_email(typed.strip(), check_deliverability=False, globally_deliverable=serious)
    except EmailNotValidError as error:
        raise AddressError(f"This mail address cannot be used. {error}") from error
    # The library counts letters and lets long ones pass; the standard, and each mail, counts octets.
    if len(checked.local_part.encode()) > _LONGEST_LOCAL:
        most = f"at most {_LONGEST_LOCAL} letters from a to z, fewer of others"
        raise AddressError(f"This mail address cannot be used. The part before the @ is too long: {most}.")
    return checked.normalized


def canonical(address: str) -> str:
    """One text for all spellings that end in one mailbox: case, tags behind a plus, and dots where Google drops them.

    Two people may share it on a server of its own rules, so it counts mails and never tells subscriptions apart.
    """
    local, _, domain = address.lower().rpartition("@")
    name = local.split("+", 1)[0] or local
    if domain in _GOOGLE:
        return f"{name.replace('.', '')}@{_GOOGLE[0]}"
    return f"{name}@{domain}"


def hashed(key: str, text: str) -> str:
    """HMAC-SHA-256: who has the database and not the key cannot try addresses."""
    return hmac.new(key.encode(), text.lower().encode(), hashlib.sha256).hexdigest()
