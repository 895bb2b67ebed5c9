"""One round of carrying: several lines at once, in one thread, until the outbox is empty.

Comes in: an outbox, the lines left open by the round before. Goes out: outcomes, each brought to the outbox before its
line hands over another body. Refuses to know: rows, rendering, how a connection is opened.

Everything the lines have finished since the last turn is noted in one exchange with the outbox, which begins as many
new mails: sixteen connections share a commit (group commit, DeWitt et al., SIGMOD 1984), and no line writes a body
before the note of its previous mail is durable. So after a crash at most one mail per line is in doubt.
"""

from __future__ import annotations

import math
import selectors
import smtplib
import time
from collections import deque
from typing import TYPE_CHECKING

from service.deliveries import Outbox, Outcome, envelope
from service.deliveries.line import Closing, Handing, Line
from service.deliveries.opening import Opened, Openings
from service.deliveries.wire import unavailable
from service.errors import AddressRefused, DeliveryError, MessageRefused, RelayUnavailable

if TYPE_CHECKING:
    from service.deliveries.smtp import SmtpCarrier

# A round that waits for its turn looks this often whether there is something to do, in seconds.
_LONGEST_NAP = 0.5
_BROKEN = (Closing, OSError, smtplib.SMTPException, ValueError)


class Round:
    """The lines at work for one outbox."""

    def __init__(self, carrier: SmtpCarrier, outbox: Outbox) -> None:
        self._carrier = carrier
        self._lines = carrier.lines
        self._outbox = outbox
        self._openings = Openings()
        self._selector = selectors.DefaultSelector()
        self._watched: dict[Line, int] = {}
        # Mails that wait for a line, mails refused before they were begun, and what is to be noted.
        self._spare: deque[Handing] = deque()
        self._refused: list[Outcome] = []
        self._outcomes: list[Outcome] = []
        self._problem: DeliveryError = RelayUnavailable("No mail server can be used now.")

    def run(self) -> None:
        """Carry until there is nothing left to do."""
        self._selector.register(self._openings.bell, selectors.EVENT_READ)
        for line in self._lines:
            self._meet(line)
        try:
            while self._turn():
                pass
        finally:
            self._end()

    def _turn(self) -> bool:
        """Give out work, note and begin, prepare and listen; False when all is done."""
        beginning = self._staff()
        if beginning or self._refused or self._outcomes:
            self._exchange(beginning)
            return True
        if self._openings.under_way or any(line.front for line in self._lines):
            self._outbox.prepare()
            self._listen(self._patience())
            return True
        if self._spare:
            return self._strand()
        for line in self._lines:
            line.rest()
        wait = self._outbox.wait()
        if wait is not None:
            self._listen(min(wait, _LONGEST_NAP))
        return wait is not None

    def _staff(self) -> list[tuple[Line, Handing]]:
        """Find what is to be begun: mails that came to the front of their line, and one for each idle line."""
        for line in list(self._lines):
            while line.front is None and self._spare and self._spare[0].begun and line in self._watched:
                self._start(line, self._spare.popleft())
        beginning = [(line, line.front) for line in self._lines if line.front and not line.front.begun]
        idle = (line for line in list(self._lines) if line.front is None)
        beginning += [(line, handing) for line in idle if (handing := self._next())]
        self._call_for_lines()
        return beginning

    def _call_for_lines(self) -> None:
        """Open lines while mails wait for one; the first mail shows whether the relay can be used at all.

        Called before that, a relay out of order met as many connections at every try.
        """
        room = self._carrier.connections if any(line.served for line in self._lines) else 1
        usable = self._outbox.usable()
        while usable and len(self._lines) + self._openings.under_way < room:
            if len(self._spare) <= self._openings.under_way:
                handing = self._reserve()
                if handing is None:
                    return
                self._spare.append(handing)
            self._openings.begin(usable[0], *self._carrier.relays[usable[0]], self._carrier.timeout)

    def _next(self) -> Handing | None:
        """A mail that is not begun yet."""
        if self._spare and not self._spare[0].begun:
            return self._spare.popleft()
        return self._reserve()

    def _reserve(self) -> Handing | None:
        """The next mail of the outbox that can stand in an envelope."""
        while (mail := self._outbox.reserve()) is not None:
            try:
                return Handing(mail, envelope.address(mail.sender), envelope.address(mail.recipient))
            except AddressRefused as error:
                self._refused.append(Outcome(mail, 0, error))
        return None

    def _exchange(self, beginning: list[tuple[Line, Handing]]) -> None:
        """Note what is finished and begin what is next; then hand the bodies to their lines, each as it comes."""
        outcomes, refused = self._outcomes, {outcome.mail.id: outcome for outcome in self._refused}
        waiting = {handing.mail.id: (line, handing) for line, handing in beginning}
        mails = [handing.mail for _, handing in beginning] + [outcome.mail for outcome in refused.values()]
        bodies = self._outbox.exchange(outcomes, mails)
        self._outcomes, self._refused = [], []
        for mail, body in bodies:
            if mail.id in refused:
                # It counts as begun now, and so its refusal counts.
                self._outcomes.append(refused[mail.id])
                continue
            line, handing = waiting.pop(mail.id)
            handing.begun, handing.body = True, body
            self._start(line, handing)
        for line, handing in waiting.values():
            self._forgo(line, handing)

    def _start(self, line: Line, handing: Handing) -> None:
        """Let a line carry a mail that is begun."""
        if handing.deadline <= time.monotonic():
            # Its time ran out at another relay, or while this one was called; what was to blame has been said.
            self._outcomes.append(Outcome(handing.mail, line.relay, self._problem))
            return
        handing.deadline = min(handing.deadline, line.since() + self._carrier.timeout)
        if line not in self._watched:
            # The line was lost in this very turn: another will carry it.
            self._spare.append(handing)
            return
        try:
            if line.front is not handing:
                line.take(handing)
            line.give()
            line.flush()
        except MessageRefused as error:
            self._outcomes.append(Outcome(handing.mail, line.relay, error))
        except _BROKEN as error:
            self._lost(line, error)
        else:
            self._watch(line)

    def _forgo(self, line: Line, handing: Handing) -> None:
        """A mail is not to be sent; where its envelope is out already, only hanging up takes it back."""
        if line.front is handing:
            self._let_go(line)

    def _more(self, line: Line) -> None:
        """A body is on its way: the next envelope may go behind it."""
        while handing := self._next():
            try:
                line.take(handing)
            except MessageRefused as error:
                self._refused.append(Outcome(handing.mail, line.relay, error))
            else:
                return

    def _listen(self, seconds: float) -> None:
        """Wait for servers and openings, and take in what came."""
        for key, events in self._selector.select(max(seconds, 0.0)):
            if key.data in self._watched:
                self._attend(key.data, events)
        for opened in self._openings.ended():
            self._opened(opened)
        now = time.monotonic()
        for line in list(self._lines):
            if line.front and line.front.deadline <= now:
                self._lost(line, TimeoutError())

    def _attend(self, line: Line, events: int) -> None:
        broken: Exception | None = None
        try:
            if events & selectors.EVENT_READ:
                line.hear()
            line.flush()
        except _BROKEN as error:
            broken = error
        while line.finished:
            handing = line.finished.popleft()
            (self._outcomes if handing.begun else self._refused).append(
                Outcome(handing.mail, line.relay, handing.problem)
            )
        if broken:
            self._lost(line, broken)
        else:
            self._watch(line)

    def _opened(self, opened: Opened) -> None:
        if isinstance(opened.result, DeliveryError):
            self._problem = opened.result
            self._outbox.unusable(opened.relay, opened.result)
            return
        line = self._carrier.line(opened.result, opened.relay, opened.at)
        self._lines.append(line)
        self._meet(line)

    def _lost(self, line: Line, error: Exception) -> None:
        """A line is of no more use: what that means for its mails."""
        handing, ahead = line.front, line.ahead
        self._let_go(line)
        if ahead:
            self._spare.append(ahead.anew())
        if handing is None:
            return
        relay, _ = self._carrier.relays[line.relay]
        patience = max(self._carrier.timeout, line.answer if handing.in_doubt else 0.0)
        problem = error.problem if isinstance(error, Closing) else unavailable(relay, patience, error)
        if line.served and not handing.answered and not isinstance(error, TimeoutError):
            # Closed while it was idle, as servers do after so many mails: another connection carries on.
            self._spare.appendleft(handing.anew())
            return
        self._problem = problem
        self._outbox.unusable(line.relay, problem)
        if handing.in_doubt:
            said = f"{problem} It had the whole message and gave no answer: it may go out."
            problem = RelayUnavailable(said, in_doubt=True)
        elif not handing.begun or (time.monotonic() < handing.deadline and self._outbox.usable()):
            self._spare.appendleft(handing.anew())
            return
        self._outcomes.append(Outcome(handing.mail, line.relay, problem))

    def _strand(self) -> bool:
        """No relay can be used: what was begun is told, what was not is left to the outbox as it was."""
        self._outcomes += [Outcome(each.mail, 0, self._problem) for each in self._spare if each.begun]
        self._spare.clear()
        return bool(self._outcomes)

    def _patience(self) -> float:
        """How long to listen: to the next deadline, but not for ever."""
        end = min((line.front.deadline for line in self._lines if line.front), default=math.inf)
        return min(end - time.monotonic(), _LONGEST_NAP)

    def _meet(self, line: Line) -> None:
        line.more = self._more
        self._watched[line] = selectors.EVENT_READ
        self._selector.register(line.socket, selectors.EVENT_READ, line)

    def _watch(self, line: Line) -> None:
        """Ask to be told of room for more bytes only while some wait."""
        events = selectors.EVENT_READ | (selectors.EVENT_WRITE if line.writing else 0)
        if self._watched.get(line, events) != events:
            self._selector.modify(line.socket, events, line)
            self._watched[line] = events

    def _let_go(self, line: Line) -> None:
        if self._watched.pop(line, None) is not None:
            self._selector.unregister(line.socket)
            self._lines.remove(line)
        line.drop()

    def _end(self) -> None:
        """Bring what is finished to the outbox, and leave no line with an envelope that nobody follows."""
        for line in [line for line in self._lines if line.front]:
            self._let_go(line)
        self._openings.close()
        self._selector.close()
        if self._outcomes:
            self._outbox.exchange(self._outcomes, ())
