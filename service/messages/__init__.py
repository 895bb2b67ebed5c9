"""Digests and letters → mails as bytes (dry).

Comes in: values of the model. Goes out: messages. Refuses to know: databases, networks, clocks, how papers were chosen.

    text and hits ─▶ visible, passages ─▶ excerpts ─▶ cards ─▶ templates (typesetting) ─▶ headers, mime ─▶ bytes
"""

from service.messages.headers import mailbox
from service.messages.press import LARGEST_HTML
from service.messages.renderer import Parts, Renderer
from service.messages.typesetting import install

__all__ = ["LARGEST_HTML", "Parts", "Renderer", "install", "mailbox"]
