"""Sources → how a reader is told of them: by the name of who publishes there, and whether they are late.

Comes in: the rows of the sources, the time. Goes out: a name per source. Refuses to know: readers, mails.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import datetime, timedelta
from urllib.parse import urlsplit

from service.model import Origin
from service.store.sources import Source

# A source that has not answered for so long may have papers of today that nobody has seen.
LATE = timedelta(hours=2)
_PUBLISHERS = {
    "huggingface.co": "Hugging Face",
    "arxiv.org": "arXiv",
    "biorxiv.org": "bioRxiv",
    "medrxiv.org": "medRxiv",
    "openreview.net": "OpenReview",
}
_FOLDER = "saved pages"

# Per source its name and lateness; `papers` is 0.
Origins = Mapping[int, Origin]


def origins(sources: Iterable[Source], now: datetime) -> Origins:
    """Name every source; one that is switched off is late for nobody."""
    return {each.id: Origin(publisher(each.url), 0, each.active and _late(each, now)) for each in sources}


def publisher(url: str) -> str:
    """Who publishes at an address: a name that people know, else the host; a folder of this machine is not named."""
    host = (urlsplit(url).hostname or "").removeprefix("www.")
    known = (name for domain, name in _PUBLISHERS.items() if host == domain or host.endswith("." + domain))
    return next(known, host or _FOLDER)


def _late(each: Source, now: datetime) -> bool:
    """Whether its polls have failed for a while, or nobody has polled it for as long."""
    failing = each.failures > 0 and now - (each.last_ok_at or each.created_at) > LATE
    return failing or now - each.next_poll_at > LATE
