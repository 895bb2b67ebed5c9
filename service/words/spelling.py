"""One word's spellings: the keys under which it is the same word as another.

Comes in: a word as the tokens give it. Goes out: its `Form`, folded three ways. Refuses to know: where the word stands.
Derivation never folds: *performer* and *performance* are two words here.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache

from service.words import lexicon

_PLAIN = str.maketrans(
    {"ø": "o", "Ø": "O", "ł": "l", "Ł": "L", "đ": "d", "Đ": "D", "ð": "d", "Ð": "D", "þ": "th", "Þ": "Th", "ħ": "h"}
    | {"ı": "i", "æ": "ae", "Æ": "Ae", "œ": "oe", "Œ": "Oe", "ß": "ss", "ẞ": "SS", "ё": "е", "Ё": "Е"}
    | {"أ": "ا", "إ": "ا", "آ": "ا", "ـ": None}
)
_EXPANDED = str.maketrans(
    {"ä": "ae", "ö": "oe", "ü": "ue", "å": "aa", "ø": "oe", "Ä": "Ae", "Ö": "Oe", "Ü": "Ue", "Å": "Aa", "Ø": "Oe"}
)
# Combining accents fall away after Latin and Greek letters; Cyrillic й and Japanese が are letters of their own.
_ACCENTS = re.compile("(?<![\u0400-\u052f])[\u0300-\u036f]+|[\u0591-\u05bd\u05bf-\u05c7\u064b-\u065f\u0670]")

_US = [
    (re.compile(rf"({lexicon.OUR})our"), r"\1or"),
    (re.compile(rf"((?:{lexicon.DOUBLED_L}))l(?=(?:ing|ed|er|able)$)"), r"\1"),
    (re.compile(r"(?<=[a-z]{3})is(?=(?:e|ed|er|ing|able|ation|ational)$)"), "iz"),
    (re.compile(r"lys(?=(?:e|ed|er|ing)$)"), "lyz"),
    (re.compile(r"(met|lit|cent|fib|theat|calib|sab|spect|lust|meag|somb|tit)re(?=$|d$)"), r"\1er"),
    (re.compile(r"(?<=center)d$"), "ed"),
    (re.compile(r"aemi"), "emi"),
    (re.compile(r"haem"), "hem"),
    (re.compile(r"paed"), "ped"),
    (re.compile(r"aesth"), "esth"),
    (re.compile(r"oestr"), "estr"),
    (re.compile(r"oedem"), "edem"),
    (re.compile(r"foet"), "fet"),
    (re.compile(r"oesoph"), "esoph"),
    (re.compile(r"(rrh|pn)oe(?=[ai])"), r"\1e"),
    (re.compile(r"coeliac"), "celiac"),
    (re.compile(r"homoeo"), "homeo"),
    (re.compile(r"amoeb"), "ameb"),
    (re.compile(r"ca?esar[ei]an"), "cesarean"),
    (re.compile(r"caec(?=um|al)"), "cec"),
    (re.compile(r"leuco"), "leuko"),
    (re.compile(r"gynaec"), "gynec"),
    (re.compile(r"(arch|pal)aeo"), r"\1eo"),
    (re.compile(r"faec"), "fec"),
    (re.compile(r"aetiolog"), "etiolog"),
    (re.compile(r"sulph"), "sulf"),
]
# Whether any of these would change a word, in one look; hardly any does.
_US_ANY = re.compile("|".join(pattern.pattern for pattern, _ in _US))
# A prefix may end within -isation or -ising.
_US_PREFIX = re.compile(r"(?<=[a-z]{3})is(?=(?:a(?:t(?:io?)?)?|i?n?)$)")
_LATIN = re.compile(rf"(?<=[a-z]{{2}})(?:{'|'.join(lexicon.ENDINGS)})$")
_OF_IC = re.compile(rf"(?:{lexicon.IC_ENDINGS})$")
_OF_SIS = re.compile(rf"(?:{lexicon.SIS})es$")
_VOWEL = re.compile(r"[aeiouy]")
# A short stem such as tun, cod or us: its verb ends in a silent e, or the final letter would have been doubled.
_SHORT = re.compile(r"[^aeiou]*[aeiouy][^aeiouwxy]")
_DOUBLE = re.compile(r"([b-df-hj-np-tv-z])\1$")


@dataclass(frozen=True, slots=True)
class Form:
    """A word's keys, each a set of spellings; two words are alike where the sets of one kind meet.

    `cased` and `plain` differ from the word by accents only, `plain` is in lower case; `folded` adds plurals and
    American spelling; `stems` adds -ing and -ed.
    """

    cased: frozenset[str]
    plain: frozenset[str]
    folded: frozenset[str]
    stems: frozenset[str]


@lru_cache(maxsize=1 << 16)
def form(word: str) -> Form:
    """Return the keys of `word`; a short word in capitals that ends in S is an acronym and no plural (GPS, SARS)."""
    cased = frozenset({word} if word.isascii() else _plainly(word))
    plain = frozenset(spelling.casefold() for spelling in cased)
    if acronym_in_s(word):
        return Form(cased, plain, plain, plain)
    folds = {spelling[:-1] if _plural_of_acronym(word) else fold(spelling) for spelling in plain}
    folds |= {lexicon.SECOND[spelling] for spelling in plain & lexicon.SECOND.keys()}
    return Form(cased, plain, plain | folds, plain.union(*map(stems, folds)))


def _plainly(word: str) -> Iterator[str]:
    """Yield a word without accents, with their letters spelt out, and with the names of up to three Greek letters."""
    yield unaccented(word)
    yield unaccented(word.translate(_EXPANDED))
    names = [(sign, lexicon.GREEK.get(sign.lower(), "")) for sign in word]
    if 0 < sum(1 for _, name in names if name) <= 3:
        yield unaccented("".join(name.capitalize() if sign.isupper() else name or sign for sign, name in names))


def acronym_in_s(word: str) -> bool:
    """Whether the capitals of `word` say that its final S belongs to it."""
    return word.endswith("S") and 2 <= len(word) <= 5 and word.isupper() and word.isalpha()


def _plural_of_acronym(word: str) -> bool:
    """Whether a small s behind a capital makes `word` a plural, whatever its letters look like (GPUs, APIs, ICs)."""
    return len(word) > 2 and word[-1] == "s" and word[-2].isupper()


def unaccented(word: str) -> str:
    """Return `word` without its accents, in its own case."""
    bare = _ACCENTS.sub("", unicodedata.normalize("NFD", word.translate(_PLAIN)))
    return unicodedata.normalize("NFC", bare)


def keep_umlauts(word: str) -> str:
    """Return a lower-case word without its accents but those that have a second plain spelling (ö is o or oe)."""
    return word if word.isascii() else "".join(sign if sign in "äöüåø" else unaccented(sign) for sign in word)


def fold(word: str) -> str:
    """Return the singular in American spelling of a lower-case word; other scripts stand as they are."""
    return american(singular(word)) if word.isascii() else word


def singular(word: str) -> str:
    """Return the singular of an English plural, by rule where it is regular, never guessing at words like `bias`."""
    if word in lexicon.PLURALS:
        return lexicon.PLURALS[word]
    if irregular := _LATIN.search(word):
        return word[: irregular.start()] + lexicon.ENDINGS[irregular.group()]
    if len(word) < 3 or not word.endswith("s") or not word[-2].isalpha() or word in lexicon.SINGULAR_S:
        return word
    if word.endswith(("ss", "us", "is")):
        return word
    return _of_ics(word) if word.endswith("ics") else _of_es(word) if word.endswith("es") else word[:-1]


def _of_ics(word: str) -> str:
    return word[:-1] if word[:-1] in lexicon.IC_NOUNS or _OF_IC.search(word[:-1]) else word


def _of_es(word: str) -> str:
    # Behind fewer letters it is another word: uses is no plural of us.
    if (len(word) > 4 and word[:-2] in lexicon.SINGULAR_S) or word.endswith(("sses", "xes", "ches", "shes", "zzes")):
        return word[:-2]
    if _OF_SIS.search(word):
        return f"{word[:-2]}is"
    if word.endswith("ies") and len(word) > 4:
        return f"{word[:-3]}y"
    if word.endswith("oes") and len(word) > 5:
        return word[:-2]
    return word[:-1]


def american(word: str) -> str:
    """Return the American spelling of a lower-case word."""
    if word in lexicon.AMERICAN:
        return lexicon.AMERICAN[word]
    if _US_ANY.search(word):
        for british, ours in _US:
            word = british.sub(ours, word)
    return word


def stems(word: str) -> frozenset[str]:
    """Return what a folded word shares with its forms in -ing and -ed (tune, tuning, tuned; model, modeling).

    A letter doubled before the ending is the verb's own (passing) or not (planning). A word without an ending keeps
    all its letters: *off* is not *of*, nor *ANN* an *an*.
    """
    if not word.isascii() or len(word) < 4 or word in lexicon.NOT_INFLECTED:
        return frozenset({_mute(word)})
    if word.endswith("ied") and len(word) > 4:
        return frozenset({f"{word[:-3]}y"})
    for ending in ("ing", "ed"):
        rest = word.removesuffix(ending)
        if rest != word and len(rest) > 1 and _VOWEL.search(rest) and not word.endswith("eed"):
            return frozenset({f"{rest}e"} if _SHORT.fullmatch(rest) else {_mute(rest), _undoubled(rest)})
    return frozenset({_mute(word)})


def _mute(word: str) -> str:
    """Drop a silent e, unless the word is as short as plane (which is not plan)."""
    if word.endswith("e") and len(word) > 3 and word[-2] not in "aeioy" and not _SHORT.fullmatch(word[:-1]):
        return word[:-1]
    return word


def _undoubled(rest: str) -> str:
    """Drop the second of two letters at the end, unless it is as short as add (which is not ad)."""
    return _DOUBLE.sub(r"\1", rest) if len(rest) > 3 else rest


def prefixes(word: str) -> frozenset[str]:
    """Return the beginnings under which `word*` finds words, British and American."""
    plain = form(word).plain
    return plain | {_US_PREFIX.sub("iz", american(spelling)) for spelling in plain}
