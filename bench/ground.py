"""What the measures stand on: papers, keywords, readers, a scratch folder and a PostgreSQL server, made when asked for.

Comes in: whether it should be quick. Goes out: material that is the same in every run. Real text where the captures lie
beside the project, else text of a seeded generator (the results say which).
"""

from __future__ import annotations

import random
import tempfile
from collections.abc import Callable, Hashable
from contextlib import AbstractContextManager, ExitStack
from functools import cached_property
from pathlib import Path
from typing import TypeVar, cast

import numpy as np
from numpy.typing import NDArray

from bench import text
from bench.measure import Missing
from service.model import Paper

Kept = TypeVar("Kept")
SEED = 20261121
DISTINCT = 50_000
EACH = 5


class Ground:
    """Material and neighbours for every measure; use it in a `with` block."""

    def __init__(self, quick: bool) -> None:
        self.quick = quick
        self._stack = ExitStack()
        self._kept: dict[Hashable, object] = {}

    def __enter__(self) -> Ground:
        return self

    def __exit__(self, *_: object) -> None:
        self._stack.close()

    def kept(self, what: Hashable, opened: Callable[[], AbstractContextManager[Kept]]) -> Kept:
        """What several measures share: opened when the first of them asks for it, closed at the end of all."""
        if what not in self._kept:
            self._kept[what] = self._stack.enter_context(opened())
        return cast("Kept", self._kept[what])

    def size(self, full: int, quick: int) -> int:
        """One of two sizes."""
        return quick if self.quick else full

    @cached_property
    def scratch(self) -> Path:
        """A folder that goes away at the end."""
        return Path(self._stack.enter_context(tempfile.TemporaryDirectory(prefix="paperround-bench-")))

    @cached_property
    def postgres(self) -> str:
        """The SQLAlchemy URL of a PostgreSQL server. Raises Missing."""
        import pytest

        from tests.servers import postgres

        try:
            return self._stack.enter_context(postgres())
        except pytest.skip.Exception as error:
            raise Missing(str(error)) from error

    @cached_property
    def seeds(self) -> tuple[Paper, ...]:
        """Papers as they were captured, or as the generator wrote them."""
        return text.captured() or text.generated(random.Random(SEED))

    @property
    def material(self) -> str:
        """What the text is."""
        return "real abstracts, recombined" if text.captured() else "text of a seeded generator"

    def papers(self, count: int) -> list[Paper]:
        """So many papers, each put together from sentences of several."""
        return text.recombined(self.seeds, count, random.Random(SEED))

    @cached_property
    def keywords(self) -> tuple[str, ...]:
        """Distinct keywords, the most wanted first."""
        return text.keywords(self.papers(1500), DISTINCT, random.Random(SEED))

    def readers(self, count: int) -> NDArray[np.int64]:
        """The keywords of so many readers, a row for each, as numbers into `keywords`, by a Zipf law."""
        return text.zipf(count, EACH, len(self.keywords), SEED)
