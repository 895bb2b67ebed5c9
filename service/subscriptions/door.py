"""The door: which addresses can be used, who may come in, and how often a stranger is written to.

Comes in: addresses as typed, invitation codes, a unit of work. Goes out: addresses, refusals, whether to write. Refuses
to know: what a subscriber wants to read.
"""

from __future__ import annotations

import hmac
from dataclasses import dataclass
from datetime import datetime, timedelta

from service.deliveries.smtp import SmtpMailer
from service.errors import AddressError, DeliveryError, InputError, InvitationError
from service.settings import Settings
from service.store import Unit
from service.store.journal import KEY
from service.subscriptions import mailboxes

# A mailbox gets so many mails until it confirms, and one a day: nobody is mailed into annoyance.
MOST_ASKED = 3
APART = timedelta(days=1)
# So long the mail server may take to say what it can, in seconds: somebody waits for the page.
PATIENCE = 5.0


@dataclass(frozen=True)
class Door:
    """Who comes in, by the settings of one installation."""

    settings: Settings

    @property
    def closed(self) -> bool:
        """Whether nobody may sign up."""
        return self.settings.signup == "closed"

    @property
    def by_invitation(self) -> bool:
        """Whether only a code lets people in."""
        return self.settings.signup == "invite"

    @property
    def domains(self) -> tuple[str, ...]:
        """The mail domains whose people may sign up; none: everybody's, or nobody's."""
        return self.settings.signup_domains

    @property
    def takes_codes(self) -> bool:
        """Whether a code makes a difference here."""
        return bool(self.settings.invitations) and (self.by_invitation or bool(self.domains))

    @property
    def takes_anyone(self) -> bool:
        """Whether somebody, with or without a code, may sign up by the page."""
        return not self.closed and (not self.by_invitation or self.takes_codes)

    def address(self, typed: str) -> tuple[str, str]:
        """The address to write to, and the mailbox it names: one subscription per mailbox, however it is spelt.

        For letters beyond ASCII before the @ the mail server is asked whether it takes them (RFC 6531): a refusal here
        is worth more than a mail that comes back. Raises AddressError.
        """
        # On one's own machine an invented host is welcome, as in reader@box; one with its own use (localhost) is not.
        address = mailboxes.read(typed, serious=self.settings.production)
        if not address.rpartition("@")[0].isascii() and not self._takes_utf8():
            said = "the mail server here takes only plain letters (a to z) before the @"
            raise AddressError(f"This mail address cannot be used: {said}. Please give another one.")
        return address, address.lower()

    def admit(self, address: str, invitation: str = "") -> None:
        """Raise AddressError or InvitationError for who may not subscribe here; a code opens all but a closed door."""
        if not self.takes_anyone:
            raise AddressError("This service takes no new subscriptions.")
        if invitation.strip() and self.takes_codes:
            self._check_invitation(invitation.strip())
        elif self.by_invitation:
            raise InvitationError("Signing up is by invitation here; please type the code of yours.")
        else:
            self.check_domain(address)

    def check_domain(self, address: str) -> None:
        """Raise AddressError for an address that lies outside the listed domains."""
        domain = address.rsplit("@", 1)[1].lower()
        if self.domains and not any(domain == each or domain.endswith("." + each) for each in self.domains):
            raise AddressError(f"Only addresses at {', '.join(self.domains)} may subscribe here.")

    def may_ask(self, unit: Unit, address: str, now: datetime) -> bool:
        """Whether a mailbox that has confirmed nothing may be written to once more; counts the mail."""
        return unit.mailboxes.may_ask(self._counted(address), now, MOST_ASKED, APART)

    def asked_since(self, unit: Unit, address: str, since: datetime) -> bool:
        """Whether a mail that asks something of this mailbox went out after a time."""
        return unit.mailboxes.asked_since(self._counted(address), since)

    def answered(self, unit: Unit, address: str) -> None:
        """Somebody there has answered: the count begins anew."""
        unit.mailboxes.answered(self._counted(address))

    def welcome_back(self, unit: Unit, address: str) -> None:
        """Somebody there has confirmed: whatever was held against the address is forgotten."""
        unit.journal.lift(self._hashed(address))
        self.answered(unit, address)

    def hashes(self, address: str, owner: str = "") -> tuple[str, ...]:
        """All that an address, and the questions to the owner of a list, are remembered by."""
        return (self._hashed(address), self._counted(address), self.counted_owner(address, owner))

    def counted_owner(self, address: str, owner: str) -> str:
        """What the questions to an owner about a list are counted under, however either is spelt."""
        return self._hashed(f"owner of {mailboxes.canonical(address)}: {mailboxes.canonical(owner)}")

    def hold_against(self, unit: Unit, address: str, reason: str, now: datetime) -> None:
        """Write to this address no more until somebody there confirms anew."""
        unit.journal.suppress(self._hashed(address), reason, now)
        if unit.journal.flag(KEY) is None:
            unit.journal.set_flag(KEY, self.settings.suppression_mark)

    def holds_against(self, unit: Unit, address: str) -> bool:
        """Whether this address is written to no more until somebody there confirms anew."""
        return unit.journal.is_suppressed(self._hashed(address))

    def check_wish(self, unit: Unit, address: str) -> None:
        """Raise InputError where somebody there has called these mails spam and not confirmed since.

        What is known of a subscriber does not tell: anybody can type the address, and what was typed is forgotten.
        """
        if self.holds_against(unit, address):
            raise InputError("They have called these mails spam; only they themselves can begin again.")

    def _takes_utf8(self) -> bool:
        """A local mailbox takes everything; a server that does not answer has promised nothing."""
        try:
            return not self.settings.smtp_url or SmtpMailer(*self.settings.smtp_url, timeout=PATIENCE).takes_utf8()
        except DeliveryError:
            return False

    def _check_invitation(self, code: str) -> None:
        # Every code is compared in whole, so that the time taken tells nothing of how near a guess came.
        typed = code.encode(errors="replace")
        known = [hmac.compare_digest(typed, each.encode()) for each in self.settings.invitations]
        if not any(known):
            raise InvitationError("This invitation code is not known here. Please copy it whole.")

    def _counted(self, address: str) -> str:
        return self._hashed(mailboxes.canonical(address))

    def _hashed(self, address: str) -> str:
        return mailboxes.hashed(self.settings.suppression_key, address)
