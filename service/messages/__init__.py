"""Digests and letters → mails as bytes (dry).

Comes in: values of the model. Goes out: messages. Refuses to know: databases, networks, clocks, how papers were chosen.

    text and hits ─▶ visible, passages ─▶ excerpts ─▶ cards ─▶ templates (typesetting) ─▶ headers, mime ─▶ bytes
"""

from service.messages.citations import bibtex, ris
from service.messages.feeds import Entry, Feed
from service.messages.headers import mailbox
from service.messages.misses import near_miss
from service.messages.press import LARGEST_HTML
from service.messages.renderer import Renderer
from service.messages.typesetting import install
from service.messages.visible import clean, shorten

__all__ = [
    "LARGEST_HTML",
    "Entry",
    "Feed",
    "Renderer",
    "bibtex",
    "clean",
    "install",
    "mailbox",
    "near_miss",
    "ris",
    "shorten",
]
