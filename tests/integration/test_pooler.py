"""Behind PgBouncer, which hands each transaction to whichever connection to PostgreSQL is free."""

from __future__ import annotations

import os
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy import make_url

from service.errors import StoreError
from service.store import Store
from tests import servers
from tests.integration.stores import paper
from tests.integration.worlds import house

ADA = "ada@example.org"


@pytest.fixture
def pooled(postgres_database: str) -> Iterator[str]:
    """The URL of an empty database by way of a pooler with two connections for everybody."""
    program, port, known = (
        shutil.which("pgbouncer", path="/usr/sbin:/usr/bin"),
        servers.free_port(),
        make_url(postgres_database),
    )
    if program is None:
        pytest.skip("no pgbouncer on this machine; its package is called pgbouncer on Debian")
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        folder.chmod(0o755)
        (folder / "users").write_text("")
        password = f"password={known.password}" if known.password else ""
        settings = (
            "[databases]",
            f"* = host={known.host} port={known.port or 5432} user={known.username} {password}",
            "[pgbouncer]",
            f"listen_addr=127.0.0.1\nlisten_port={port}\nunix_socket_dir=",
            f"auth_type=any\nauth_file={folder / 'users'}",
            "pool_mode=transaction\ndefault_pool_size=2",
        )
        (folder / "settings").write_text("\n".join(settings))
        root = os.getuid() == 0
        server = subprocess.Popen(
            [program, str(folder / "settings")],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            user="nobody" if root else None,
            extra_groups=[] if root else None,
        )
        try:
            servers.wait_for_port(port, server)
            yield known.set(host="127.0.0.1", port=port, query={}).render_as_string(hide_password=False)
        finally:
            servers.stop(server)


def _asked_often(url: str) -> None:
    """Two connections of ours ask the same, each over both of the pooler's."""
    store = Store(url)
    try:
        store.migrate()
        for _ in range(12):
            with store.read() as one, store.read() as other:
                for unit in (one, other):
                    unit.sources.all()
            with store.read() as unit:
                unit.sources.all()
    finally:
        store.close()


def test_what_a_pooler_of_transactions_needs_is_said_by_the_error_without_it(pooled: str) -> None:
    with pytest.raises(
        StoreError, match=r"behind a pooler of transactions the database URL ends in \?prepare_threshold=none$"
    ):
        _asked_often(pooled)
    _asked_often(f"{pooled}?prepare_threshold=none")


def test_a_reader_joins_and_has_her_mail_by_way_of_a_pooler(tmp_path: Path, pooled: str) -> None:
    with house(tmp_path, database_url=f"{pooled}?prepare_threshold=none") as home:
        home.join(ADA, "orchids")
        home.morning()
        home.arrive(paper("Orchids of the North", arxiv_id="2611.00001"))
        home.clock.tomorrow()
        home.morning()
        assert home.titles(ADA, ["Orchids of the North"])[-1] == ["Orchids of the North"]


@pytest.mark.parametrize("wrong", ["soon", "-1", "1&prepare_threshold=2"])
def test_another_word_for_it_is_named(wrong: str) -> None:
    with pytest.raises(StoreError, match="prepare_threshold is a number, or none"):
        Store(f"postgresql://papers@127.0.0.1:1/papers?prepare_threshold={wrong}")
