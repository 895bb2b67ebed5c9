"""One parser under atheris, which looks at what each page makes it do and grows new pages from that.

`python -m tests.unit.fuzzing PARSER SECONDS FOLDER`: the folder keeps what it found worth trying. Ends with 0 where no
page raised, took over 5 s, or had the process grow past its limit.
"""

from __future__ import annotations

import sys
from pathlib import Path

LIMITS = ["-timeout=5", "-rss_limit_mb=256", "-max_len=20000", "-print_final_stats=1"]


def main(name: str, seconds: str, folder: str) -> None:
    """Run until the time is over."""
    import atheris  # Not on every platform, so no dependency of the tests.

    with atheris.instrument_imports(include=["service", "feedparser"]):
        import feedparser  # noqa: F401

        import service.sources  # noqa: F401
    from tests.unit.test_sources_fuzz import PARSERS, read

    for number, make in enumerate(PARSERS[name]):
        Path(folder, f"page-{number}").write_text(make(), "utf-8")
    limits = [f"-max_total_time={seconds}", f"-artifact_prefix={folder}/", *LIMITS]
    atheris.Setup([sys.argv[0], *limits, folder], lambda data: read(data, name))
    atheris.Fuzz()


if __name__ == "__main__":
    main(*sys.argv[1:])
