"""An outbox → a Mailer that takes one message at a time.

Comes in: a Mailer, such as the folder of the local mailbox. Goes out: a Carrier. Refuses to know: where mails go.
"""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass

from service.deliveries import Mail, Outbox, Outcome
from service.errors import DeliveryError, RelayUnavailable
from service.model import Mailer, Message

# One that waits for its turn looks this often whether there is something to do, in seconds.
_LONGEST_NAP = 0.5


@dataclass(frozen=True, slots=True)
class OneByOne:
    """A Carrier over one Mailer."""

    mailer: Mailer
    names: Sequence[str] = ("mailbox",)

    def carry(self, outbox: Outbox) -> None:
        """Carry until the outbox is empty or the mailer gives out."""
        done: list[Outcome] = []
        try:
            while outbox.usable():
                mail = outbox.reserve()
                if not mail and not done:
                    if (wait := outbox.wait()) is None:
                        break
                    time.sleep(min(wait, _LONGEST_NAP))
                bodies = outbox.exchange(done, (mail,) if mail else ())
                done = []
                done += [self._hand(each, body, outbox) for each, body in bodies]
        finally:
            if done:
                outbox.exchange(done, ())

    def close(self) -> None:
        """End the mailer; never raises."""
        self.mailer.close()

    def _hand(self, mail: Mail, body: bytes, outbox: Outbox) -> Outcome:
        try:
            self.mailer.send(Message(mail.sender, mail.recipient, body))
        except DeliveryError as error:
            if isinstance(error, RelayUnavailable):
                outbox.unusable(0, error)
            return Outcome(mail, 0, error)
        return Outcome(mail, 0)
