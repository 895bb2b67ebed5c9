"""The error tree of the house.

    PaperRoundError
    ├── InputError            something a person typed cannot be used; the message may be shown to them
    │   ├── KeywordError      a keyword cannot be read; knows the position
    │   ├── KeywordsError     several keywords of one entry cannot be read; carries each KeywordError
    │   ├── AddressError      not a usable mail address, or one that may not subscribe here
    │   ├── InvitationError   an invitation code is missing or not known
    │   ├── FieldError        what one field of a form or question holds cannot be used; names the field
    │   └── LinkError         a signed link is forged, expired or meant for something else
    ├── SettingsError         the environment is wrong; names every wrong setting at once
    ├── ParseError            a page cannot be read as papers; says what it looked like
    ├── FetchError            a source could not be fetched
    │   └── HostBusy          its host has another visitor, or wants to be left alone; nothing was asked
    ├── StoreError            the database cannot be reached or is not ours
    ├── RenderError           a message could not be made from its row
    └── DeliveryError         a message was not accepted
        ├── RelayUnavailable  network, TLS, 421 or time-out: the relay, not the message; try again later
        ├── TemporaryRefusal  4xx for this message: try again later
        ├── AddressRefused    5xx at RCPT about the address: a bounce, never repeated
        ├── PolicyRefused     5xx at MAIL, or 5.7.x anywhere: our fault; the relay is held
        │   └── RecipientBarred   the same at RCPT: perhaps only where this reader has a mailbox
        └── MessageRefused    5xx at DATA about this content, or an address the relay has no room for: never repeated

Every error answers one question for its caller: `transient` (worth another try) or not. All fields go positionally to
`super().__init__`, so that errors survive pickling between processes (a keyword-only field does not; celery #6990).
"""


class PaperRoundError(Exception):
    """Anything this service raises on purpose. `str(error)` is one clear sentence for a person."""

    transient = False

    def __init__(self, message: str, *fields: object) -> None:
        super().__init__(message, *fields)

    def __str__(self) -> str:
        return str(self.args[0])


class InputError(PaperRoundError):
    """What a person typed cannot be used."""


class KeywordError(InputError):
    """A keyword cannot be read.

    `keyword` is the text as typed; `position` counts characters from 1, or is None where the whole is at fault.
    """

    def __init__(self, message: str, keyword: str, position: int | None = None) -> None:
        super().__init__(message, keyword, position)
        self.keyword = keyword
        self.position = position


class KeywordsError(InputError):
    """Some of the keywords cannot be read; `errors` holds one KeywordError for each of them."""

    def __init__(self, errors: "tuple[KeywordError, ...]") -> None:
        super().__init__(
            "; ".join(f"{error.keyword[:60]}: {error}" if error.keyword else str(error) for error in errors), errors
        )
        self.errors = errors

    def __reduce__(self) -> tuple[type, tuple[object, ...]]:
        return type(self), (self.errors,)


class AddressError(InputError):
    """Not a usable mail address, or one that may not subscribe here."""


class InvitationError(InputError):
    """An invitation code is missing or not known here."""


class FieldError(InputError):
    """What one field of a form or a question holds cannot be used; `field` is its name."""

    def __init__(self, message: str, field: str = "") -> None:
        super().__init__(message, field)
        self.field = field


class LinkError(InputError):
    """A signed link is forged, expired, or was made for another purpose."""


class SettingsError(PaperRoundError):
    """The environment is wrong; the message names every wrong setting and its mend."""


class ParseError(PaperRoundError):
    """A page cannot be read as papers; `looked_like` says what it seemed to be."""

    def __init__(self, message: str, looked_like: str = "") -> None:
        super().__init__(message, looked_like)
        self.looked_like = looked_like


class FetchError(PaperRoundError):
    """A source could not be fetched. `retry_after` is in seconds, where the server named it; `gone` means HTTP 410."""

    def __init__(
        self, message: str, transient: bool = True, retry_after: float | None = None, gone: bool = False
    ) -> None:
        super().__init__(message, transient, retry_after, gone)
        self.transient = transient
        self.retry_after = retry_after
        self.gone = gone


class HostBusy(FetchError):
    """Nothing was asked: another visitor is at this host, or it wants to be left alone; no fault of the source."""


class StoreError(PaperRoundError):
    """The database cannot be reached, or is not one of ours."""

    def __init__(self, message: str, transient: bool = False) -> None:
        super().__init__(message, transient)
        self.transient = transient


class RenderError(PaperRoundError):
    """A message could not be made from its row: tried again by the next release or the next try, then set aside."""

    transient = True


class DeliveryError(PaperRoundError):
    """A message was not accepted. `code` is the SMTP reply code (RFC 5321), `enhanced` the status code (RFC 3463).

    `in_doubt` means that the whole message was handed over and no reply came: it may have been accepted.
    """

    def __init__(self, message: str, code: int | None = None, enhanced: str = "", in_doubt: bool = False) -> None:
        super().__init__(message, code, enhanced, in_doubt)
        self.code = code
        self.enhanced = enhanced
        self.in_doubt = in_doubt


class RelayUnavailable(DeliveryError):
    """The relay cannot take any message now: network, TLS, 421, time-out."""

    transient = True


class TemporaryRefusal(DeliveryError):
    """4xx for this message."""

    transient = True


class AddressRefused(DeliveryError):
    """5xx at RCPT that speaks of the address: a bounce."""


class PolicyRefused(DeliveryError):
    """5xx at MAIL, or a 5.7.x status anywhere: the relay refuses us, not the reader."""


class RecipientBarred(PolicyRefused):
    """A policy that was spoken of at RCPT: the relay's, or that of the recipient's domain alone."""


class MessageRefused(DeliveryError):
    """5xx at DATA that speaks of this message's content, or a relay without SMTPUTF8 for an address that needs it."""
