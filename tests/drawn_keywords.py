"""Random papers and random keywords of every form, made so that many of them meet.

Comes in: a random generator. Goes out: a `World` of papers, keywords over their words, and the forms that a keyword
shows. The words are those whose spelling the language folds, and their neighbours that it must keep apart.
"""

from __future__ import annotations

import random
import re
from collections.abc import Iterator

from service.errors import KeywordError
from service.keywords import And, Category, Expression, Keyword, Not, Or, Person, Phrase, parse
from service.keywords.expression import case_exact, leaves
from service.model import Field, Paper
from service.words import FUNCTION, fold, stems

VOCABULARY = r"""low rank lowrank low-rank fine tuning tuned finetune fine-tuned pre trained pretrained pre-training
model models modelling modeling data set sets dataset GAN GANs GPS GPs gp graph graphs neural network networks kernel
GPT-4 GPT4 GPT 4 4o GPT-4o 4.1 3D 3 D 3-D muP mu P μP $\mu$P k means k-means kmeans behaviour behavior LoRA lora QLoRA
a the in formation information symmetric asymmetric Schrödinger Schrodinger Schroedinger schr\"{o}dinger C++ C# R R^2
diffusion diffusive CLIP clip clips 扩散 模型 扩散模型 plane plan planning bias biases analysis analyses of β-VAE beta
VAE $\beta$-VAE Poincar\'e Poincaré tumour tumors normalisation normalizing normal sulphur sulfur aesthetic esthetics
kerb curb oestrogen Newton's model(s) (un)supervised supervised U.S. US 1,000 1000 .NET NET SARS sars LLM LLMs matrices
matrix category ＬｏＲＡ R-CNN H_2O x^2 \emph{graph} e.g. vs. Müller Mueller naïve R&D 모델 й"""
WORDS = VOCABULARY.split()
GAPS = [" "] * 14 + ["-", "-", "‑", ", ", ". ", " (", ") ", "/", ": ", " - ", "–", "_", "\n", "; ", "--"]
NAMES = (
    "Yann LeCun",
    "LeCun, Y.",
    "Wei Wang",
    "Wang, Wei",
    "W. Wang",
    "Wei Q. Wang",
    "Klaus-Robert Müller",
    "K. Mueller",
    "Li Fei-Fei",
    "Laurens van der Maaten",
    "van der Maaten, L. (Google)",
    "王伟",
)
ASKED = (
    "y lecun",
    "lecun",
    "wei wang",
    "k müller",
    "w wang",
    "feifei li",
    "müll*",
    "van der maaten",
    "l maaten",
    "王伟",
)
CATEGORIES = ("cs.LG", "cs.CL", "stat.ML", "q-bio", "q-bio.NC", "Cancer Biology")
SECTIONS = ("cs.LG", "cs.*", "cs", "stat.ml", '"cancer biology"', "q-bio", "q-*")
_TEX = re.compile(r"[\\$]|[\u0370-\u03ff]|\b(?:mu|beta)\b")
_CJK = re.compile(r"[\u4e00-\u9fff\uac00-\ud7af]")
_STATEMENTS = (
    *("{}",) * 8,
    *("{} AND {}", "{} OR {}", "{} AND NOT {}", "{} -{}", "-{}", "-({} OR {})", "({} OR {}) AND {}"),
    *("{} AND ({} OR {} -{})", "{} OR {} AND NOT ({} OR {})", "(({} OR {}) AND NOT {}) OR {}"),
    *("ti:({} OR {})", "abs:({} AND NOT {})", "ti:({} OR {}) AND {}", "NOT {} AND {}", "{}, {}", "{}: {}"),
)


class World:
    """Some papers, and keywords of which half are made of words that stand side by side in them."""

    def __init__(self, chance: random.Random, papers: int) -> None:
        self._chance = chance
        self.papers = [self._paper() for _ in range(papers)]
        self._about = self.papers

    def keyword(self) -> Keyword:
        """A readable keyword of any form; draws again where the language refuses one."""
        while True:
            # Words from one paper meet in it, as those of AND must.
            self._about = [self._chance.choice(self.papers)] if self._chance.random() < 0.5 else self.papers
            statement = self._chance.choice(_STATEMENTS)
            bare = statement.startswith(("ti:", "abs:"))
            try:
                return parse(statement.format(*(self._phrase() if bare else self._term() for _ in range(4))))
            except KeywordError:
                continue

    def _paper(self) -> Paper:
        draw = self._chance
        names, categories = draw.sample(NAMES, 2), draw.sample(CATEGORIES, draw.choice((1, 1, 2)))
        return Paper(self._text(5), self._text(14), tuple(names), categories=tuple(categories))

    def _text(self, longest: int) -> str:
        draw = self._chance
        words = (draw.choice(WORDS) + draw.choice(GAPS) for _ in range(draw.randint(0, longest)))
        return "".join(words).strip()

    def _term(self) -> str:
        kind = self._chance.random()
        if kind < 0.08:
            return f'au:"{self._chance.choice(ASKED)}"'
        if kind < 0.14:
            return f"cat:{self._chance.choice(SECTIONS)}"
        return self._chance.choice(("", "", "", "", "ti:", "abs:")) + self._phrase()

    def _phrase(self) -> str:
        words, kind = self._words(), self._chance.random()
        if kind < 0.25:
            return '"{}"'.format(words.replace('"', ""))
        if kind < 0.4:
            shorter = words[: max(3, len(words) - self._chance.randint(0, 3))].rstrip()
            return f"{shorter}*" if shorter[-1:].isalnum() else words
        return words

    def _words(self) -> str:
        draw = self._chance
        paper = draw.choice(self._about)
        text = draw.choice((paper.title, paper.abstract)).split()
        if text and draw.random() < 0.6:
            at = draw.randrange(len(text))
            words = " ".join(text[at : at + draw.choice((1, 1, 2, 2, 3, 4))])
        else:
            gap = " " if draw.random() < 0.7 else "-"
            words = gap.join(draw.choices(WORDS, k=draw.choice((1, 1, 1, 2, 2, 3))))
        return self._respelled(words)

    def _respelled(self, words: str) -> str:
        """The same as another writes it: joined, hyphenated, as a plural, in other letters."""
        draw = self._chance
        match draw.randrange(12):
            case 0:
                return words.replace(" ", "-")
            case 1:
                return words.replace("-", " ").replace("‑", "")
            case 2:
                return words.replace(" ", "")
            case 3:
                return words.upper()
            case 4:
                return words.lower()
            case 5:
                return f"{words}s"
            case 6:
                return f"{words}ing"
            case _:
                return words


FORMS = (
    *("one leaf", "AND", "AND NOT", "OR", "brackets or precedence", "exclusion", "ti:", "abs:", "au:", "cat:"),
    *("title or abstract", "one word", "side by side", "five words or more", "quoted", "quoted, case-exact", "prefix"),
    *("hyphen", "mark inside", "capitals", "digits", "Greek or TeX", "accent", "no spaces in the script"),
    *("function word", "plural or other spelling", "-ing or -ed"),
)


def forms(keyword: Keyword) -> set[str]:
    """What a keyword is and what it is made of."""
    return {*_forms(keyword.expression), *(("exclusion",) if keyword.exclusion else ())}


def _forms(expression: Expression) -> Iterator[str]:
    match expression:
        case Phrase():
            yield "one leaf"
        case Person() | Category():
            yield "one leaf"
        case And(operands):
            yield "AND NOT" if any(isinstance(each, Not) for each in operands) else "AND"
        case Or():
            yield "OR"
    if isinstance(expression, And | Or) and any(isinstance(_inside(each), And | Or) for each in expression.operands):
        yield "brackets or precedence"
    for leaf in leaves(expression):
        yield from _phrase_forms(leaf) if isinstance(leaf, Phrase) else ("au:" if isinstance(leaf, Person) else "cat:",)


def _inside(expression: Expression) -> Expression:
    return expression.operand if isinstance(expression, Not) else expression


def _phrase_forms(phrase: Phrase) -> Iterator[str]:
    parts = phrase.parts
    yield {Field.TITLE: "ti:", Field.ABSTRACT: "abs:"}.get(phrase.field or Field.AUTHOR, "title or abstract")
    yield "one word" if len(parts) == 1 else "side by side" if len(parts) < 5 else "five words or more"
    if phrase.exact:
        exact = any(case_exact(part.word, len(parts) == 1) for part in parts)
        yield "quoted, case-exact" if exact else "quoted"
    told = {
        "prefix": any(part.prefix for part in parts),
        "hyphen": any(part.tied for part in parts),
        "mark inside": any(part.loose for part in parts),
        "capitals": any(letter.isupper() for letter in phrase.text),
        "digits": any(letter.isdigit() for letter in phrase.text),
        "Greek or TeX": bool(_TEX.search(phrase.text)),
        "accent": any("\u00c0" <= letter <= "\u024f" for letter in phrase.text),
        "no spaces in the script": bool(_CJK.search(phrase.text)),
        "function word": any(part.word.lower() in FUNCTION for part in parts),
        "plural or other spelling": not phrase.exact and any(_folds(part.word) for part in parts),
        "-ing or -ed": not phrase.exact and len(parts) > 1 and any(_inflected(part.word) for part in parts),
    }
    yield from (form for form, holds in told.items() if holds)


def _folds(word: str) -> bool:
    return fold(word.lower()) != word.lower()


def _inflected(word: str) -> bool:
    return word.lower().endswith(("ing", "ed")) and stems(fold(word.lower())) != {word.lower()}
