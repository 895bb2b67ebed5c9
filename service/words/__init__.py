"""Text to words: what two writers of the same term have in common.

Comes in: any text (TeX, accents, every script). Goes out: `tokens` with spans into that text and the gaps between
them, the `form` of each word (its keys under case, accents, plurals, spelling), and `name`s of people.
Refuses to know: papers, keywords, the index. Submodules: `reading` (TeX and signs to plain text, with the way back),
`tokens`, `spelling` (with its `lexicon`) and `names`.
"""

from service.words.lexicon import FUNCTION, WORDS_TOO
from service.words.names import Name, agree, name, written
from service.words.reading import Reading, read
from service.words.spelling import Form, acronym_in_s, fold, form, keep_umlauts, prefixes, stems, unaccented
from service.words.tokens import UNSPACED, Gap, Token, tokens, words_of

__all__ = [
    "FUNCTION",
    "UNSPACED",
    "WORDS_TOO",
    "Form",
    "Gap",
    "Name",
    "Reading",
    "Token",
    "acronym_in_s",
    "agree",
    "fold",
    "form",
    "keep_umlauts",
    "name",
    "prefixes",
    "read",
    "stems",
    "tokens",
    "unaccented",
    "words_of",
    "written",
]
