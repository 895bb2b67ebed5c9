"""Identity: which papers are one, and the best that several sources say of it.

Comes in: papers as pages tell them. Goes out: identity keys, verdicts, merged papers. Refuses to know: sources, stores.

A strong key names one paper for good: an arXiv id without its version, a DOI, an OpenReview id. A weak key (`weak`) is
made of words that two papers might share, so `same` has to agree before it joins anything.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import fields, replace
from datetime import timedelta
from urllib.parse import quote

from service.folding import fold_name, fold_title, names_agree
from service.model import Links, Paper

# Two figures of a year and two of a month: `2026.1119` is no id, and neither is `news/2026112`, for before April 2007
# ids began with the name of one of these archives.
_ARCHIVES = (
    "acc-phys adap-org alg-geom ao-sci astro-ph atom-ph bayes-an chao-dyn chem-ph cmp-lg comp-gas cond-mat cs dg-ga "
    "funct-an gr-qc hep-ex hep-lat hep-ph hep-th math math-ph mtrl-th nlin nucl-ex nucl-th patt-sol physics plasm-ph "
    "q-alg q-bio quant-ph solv-int supr-con"
)
_YEAR_AND_MONTH = r"\d\d(?:0[1-9]|1[0-2])"
_NEW_ID = rf"{_YEAR_AND_MONTH}\.\d{{4,5}}"
_OLD_ID = rf"(?:{'|'.join(_ARCHIVES.split())})(?:\.[a-z]{{2}})?/{_YEAR_AND_MONTH}\d{{3}}"
_ARXIV = re.compile(
    rf"(?:^|arxiv(?:\.org)?[.:/\s]|/abs/|/pdf/|/html/|/papers/)(?P<id>{_NEW_ID}|{_OLD_ID})(?:v(?P<version>\d{{1,3}}))?(?![\w/])",
    re.IGNORECASE,
)
_OPENREVIEW = re.compile(r"openreview\.net/(?:forum|pdf|attachment)\?(?:[^#\s]{1,200}&)?id=([\w-]{4,64})")
_DOI = re.compile(r"10\.\d{4,9}/[^\s\"<>]{1,200}")
# What publishers' links have behind a DOI: a query, a version, a view of the article.
_VIEW = re.compile(r"[?#&].*|(?:v\d{1,2})?(?:[./](?:full(?:-text|\.pdf)?|abstract|e?pdf|meta))?\Z")
# bioRxiv and medRxiv (10.64898 since December 2025), Research Square, Preprints.org, ChemRxiv, SSRN, OSF's, TechRxiv.
_PREPRINT = re.compile(
    r"10\.(?:1101/\d|64898/|21203/rs|20944/|26434/|2139/ssrn|31219/|31234/|31223/|36227/|22541/|33774/|5194/egusphere)"
)
# There each version has a DOI of its own, as have the reviewed preprints of eLife and F1000.
_VERSION = re.compile(r"[/._-]v\d{1,2}\Z")
_REVIEWED = re.compile(r"(10\.(?:7554/elife|12688/[a-z0-9]+research)\.\d+)\.\d{1,2}")
_ENOUGH_WORDS, _ENOUGH_IDEOGRAPHS = 5, 10
_LONGEST_KEY, _LONGEST_GUID = 200, 1000
_A_DAY = timedelta(days=1)


def arxiv_id(text: str) -> tuple[str, int | None]:
    """Return the arXiv id that a link, a guid or a name like `arXiv:2501.12345v2` holds, and its version.

    Old ids (`hep-th/9901001`) lose their subject class (`math.GT/0309136` is `math/0309136`), as arXiv has it.
    Returns ("", None) where there is none.
    """
    found = _ARXIV.search(text[:_LONGEST_KEY])
    if not found:
        return "", None
    name = re.sub(r"\.[a-z]{2}/", "/", found["id"].lower())
    return name, int(found["version"]) if found["version"] else None


def doi(text: str) -> str:
    """Return the DOI that a link or text names, in lower case (DOIs are case-insensitive), or ""."""
    found = _DOI.search(text[:1000])
    return found.group().lower().rstrip(".,;)") if found else ""


def openreview_id(link: str) -> str:
    """Return the id of the forum that a link to OpenReview names, or ""."""
    found = _OPENREVIEW.search(link[:1000])
    return found[1] if found else ""


def named(text: str, sources: Iterable[str]) -> set[str]:
    """Return the keys of the paper that a line may name by an id or a link; a link is known where it was seen."""
    line = text.strip()
    number = doi(line)
    numbers = {_unversioned(each) for each in (number, _VIEW.sub("", number))}
    said = {"arxiv": {arxiv_id(line)[0]}, "doi": {number, *numbers}, "openreview": {openreview_id(line)}}
    found = {f"{space}:{name}" for space, names in said.items() for name in names if name}
    seen = Paper("", guid=line, url=line)
    return found | {key for source in sources for key in keys(seen, source) if not weak(key)}


def linked(paper: Paper) -> Paper:
    """Return the paper with the page that its arXiv id or its DOI names, where no source has told of one."""
    if paper.links.arxiv or paper.url.startswith(("http://", "https://")):
        return paper
    ids = _ids(paper)
    name, number = arxiv_id(ids.get("arxiv", ""))[0], doi(paper.doi)
    if not name:
        return replace(paper, url="https://doi.org/" + quote(number, safe="/:;()")) if number else paper
    page = f"https://arxiv.org/abs/{name}"
    return replace(paper, url=page, links=replace(paper.links, arxiv=page))


def keys(paper: Paper, source: str = "") -> tuple[str, ...]:
    """Return all keys of a paper, the strongest first; the first one is its `id`.

    `source` names where it was seen: a guid or link is only unique there. There is always at least one key.
    """
    named = [f"{space}:{name}" for space, name in _ids(paper).items()]
    titled = list(_title_keys(paper))
    placed = [] if named else [f"{kind}:{_bounded(f'{source}|{text}')}" for kind, text in _places(paper)]
    if titled:
        return tuple(named + titled + placed)
    return tuple(named + placed + [f"text:{_text_hash(paper)}"])


def told_apart(papers: Sequence[Paper]) -> tuple[Paper, ...]:
    """Return the papers of one page, of which those at one place under several titles are no longer one.

    There are feeds whose entries all link to the journal. Such an entry gets a guid that its title is part of.
    """
    titles: dict[tuple[str, str], set[str]] = {}
    for paper in papers:
        titles.setdefault((paper.guid, paper.url), set()).add(fold_title(paper.title))
    shared = {place for place, several in titles.items() if any(place) and len(several) > 1}
    return tuple(
        replace(paper, guid=f"{paper.guid or paper.url} {fold_title(paper.title)}"[:_LONGEST_GUID])
        if (paper.guid, paper.url) in shared and not _ids(paper)
        else paper
        for paper in papers
    )


def weak(key: str) -> bool:
    """Say whether a key is made of words only: two papers may share it, so `same` decides."""
    return key.startswith(("title:", "text:"))


def same(a: Paper, b: Paper) -> bool:
    """Say whether two papers that share a key are one.

    The first kind of id that both have decides, but for the DOIs of a preprint and an article, which may be one paper.
    Without one, an entry of the same place is the same under another title, unless guid and link dispute it: there are
    feeds that repeat either for every entry. Else their titles must agree, their first authors must not differ, and
    they must not be two entries of one site.
    """
    ids, others = _ids(a), _ids(b)
    for space in ids:
        if space in others and not (space == "doi" and _printed_since(ids[space], others[space])):
            return ids[space] == others[space]
    if not ids and not others and _same_place(a, b) and not _another_time(a, b):
        return True
    if fold_title(a.title) != fold_title(b.title) or not _authors_agree(a, b) or _two_entries(a, b):
        return False
    return _telling(a.title) or _text_hash(a) == _text_hash(b)


def merge(old: Paper, new: Paper) -> Paper:
    """Return the best of what two sources say of one paper; no fact is lost, merging again changes nothing.

    A newer version's text replaces an older one's; else the fuller text wins, and of two alike the one whose TeX
    is whole. Upvotes and stars are the newest, dates the earliest.
    """
    return replace(
        old,
        title=_better(old, new, old.title, new.title),
        abstract=_better(old, new, old.abstract, new.abstract),
        authors=max(old.authors, new.authors, key=lambda names: (len(names), sum(map(len, names)))),
        url=old.url or new.url,
        published=min(filter(None, (old.published, new.published)), default=None),
        listed=min(filter(None, (old.listed, new.listed)), default=None),
        categories=tuple(dict.fromkeys(old.categories + new.categories)),
        upvotes=old.upvotes if new.upvotes is None else new.upvotes,
        stars=old.stars if new.stars is None else new.stars,
        links=Links(*(getattr(old.links, f.name) or getattr(new.links, f.name) for f in fields(Links))),
        arxiv_id=old.arxiv_id or new.arxiv_id,
        version=max(filter(None, (old.version, new.version)), default=None),
        doi=old.doi or new.doi,
        openreview_id=old.openreview_id or new.openreview_id,
        guid=old.guid or new.guid,
        comment=(old.comment or new.comment) if _newer(old, new) else (new.comment or old.comment),
    )


def _ids(paper: Paper) -> dict[str, str]:
    """Return the strong ids by namespace, strongest first; a DOI that arXiv gave names an arXiv id."""
    name = arxiv_id(paper.arxiv_id)[0] or paper.arxiv_id.strip().lower()
    number = _unversioned(doi(paper.doi) or paper.doi.strip().lower())
    if number.startswith("10.48550/arxiv."):
        name, number = name or arxiv_id(number.removeprefix("10.48550/"))[0], ""
    found = {"arxiv": name, "doi": number, "openreview": paper.openreview_id.strip()}
    return {space: value for space, value in found.items() if value}


def _unversioned(number: str) -> str:
    """Return the DOI without the version of a preprint, where that is part of it: all versions are one paper."""
    reviewed = _REVIEWED.fullmatch(number)
    if reviewed:
        return reviewed[1]
    return _VERSION.sub("", number) if _PREPRINT.match(number) else number


def _title_keys(paper: Paper) -> Iterator[str]:
    if not _telling(paper.title):
        return
    folded = _bounded(fold_title(paper.title))
    if paper.authors and (name := fold_name(paper.authors[0]).surname):
        yield f"title:{folded}|{name[:40]}"
    yield f"title:{folded}"


def _printed_since(one: str, other: str) -> bool:
    """Whether one DOI is a preprint's, and the other may be that of the article it became."""
    return bool(_PREPRINT.match(one)) is not bool(_PREPRINT.match(other))


def _places(paper: Paper) -> Iterator[tuple[str, str]]:
    if paper.guid:
        yield "guid", paper.guid
    if paper.url:
        yield "link", paper.url


def _same_place(a: Paper, b: Paper) -> bool:
    """Whether guid and link agree, as far as both have them; where one of the two is disputed, titles must agree."""
    mine, theirs = dict(_places(a)), dict(_places(b))
    shared = [mine[kind] == theirs[kind] for kind in mine if kind in theirs]
    return any(shared) and (all(shared) or fold_title(a.title) == fold_title(b.title))


def _another_time(a: Paper, b: Paper) -> bool:
    """Whether a place shows one paper after the other ("paper of the week"): title, text and time are all different.

    Without times, only a guid says that one paper was edited: a link may be that of the journal.
    """
    if fold_title(a.title) == fold_title(b.title) or not (a.abstract and b.abstract):
        return False
    if fold_title(a.abstract)[:200] == fold_title(b.abstract)[:200]:
        return False
    named = bool(a.guid) and a.guid == b.guid
    if not (a.published and b.published):
        return not named
    return abs(a.published - b.published) > (_A_DAY if named else timedelta())


def _telling(title: str) -> bool:
    """Whether a title is long enough to name one paper; scripts without spaces are counted by the character."""
    ideographs = sum(1 for character in title[:1000] if "\u3040" <= character <= "\ud7a3")
    return len(re.findall(r"\w+", title[:1000])) >= _ENOUGH_WORDS or ideographs >= _ENOUGH_IDEOGRAPHS


def _bounded(text: str) -> str:
    """Keep a key short enough for any database index."""
    if len(text) <= _LONGEST_KEY:
        return text
    return f"{text[:150]}~{hashlib.sha256(text.encode()).hexdigest()[:32]}"


def _text_hash(paper: Paper) -> str:
    text = f"{fold_title(paper.title)}|{fold_title(paper.abstract)}"
    return hashlib.sha256(text.encode()).hexdigest()[:32]


def _authors_agree(a: Paper, b: Paper) -> bool:
    return not a.authors or not b.authors or names_agree(a.authors[0], b.authors[0])


def _two_entries(a: Paper, b: Paper) -> bool:
    """A site that repeats a title ("This week in …") under another link means another entry."""
    if _ids(a) or _ids(b) or (a.guid and a.guid == b.guid):
        return False
    (site, path), (other_site, other_path) = _site(a.url), _site(b.url)
    return bool(site) and site == other_site and path != other_path


def _site(url: str) -> tuple[str, str]:
    host, _, path = url.partition("://")[2].partition("?")[0].partition("/")
    return host.lower(), path.rstrip("/")


def _newer(old: Paper, new: Paper) -> bool:
    """Whether the old one is the newer version."""
    return old.version is not None and new.version is not None and old.version > new.version


def _better(old: Paper, new: Paper, mine: str, theirs: str) -> str:
    if not mine or not theirs:
        return mine or theirs
    if old.version and new.version and old.version != new.version:
        return mine if old.version > new.version else theirs
    if len(mine) * 5 > len(theirs) * 6 or len(theirs) * 5 > len(mine) * 6:
        return max(mine, theirs, key=len)
    return theirs if _tex_marks(theirs) > _tex_marks(mine) else mine


def _tex_marks(text: str) -> bool:
    return "$" in text or "\\" in text
