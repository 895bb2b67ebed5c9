"""The neighbours themselves answer, so that a failure elsewhere is not theirs."""

from __future__ import annotations

import smtplib

import psycopg
import redis

from tests import servers


def test_each_postgres_database_is_empty_and_its_own(postgres_url: str) -> None:
    with servers.fresh_database(postgres_url) as first, servers.fresh_database(postgres_url) as second:
        assert first != second
        with psycopg.connect(first.replace("+psycopg", "")) as connection:
            tables = connection.execute("SELECT count(*) FROM pg_tables WHERE schemaname = 'public'").fetchone()
    assert tables == (0,)


def test_redis_keeps_what_it_is_told(redis_url: str) -> None:
    client = redis.Redis.from_url(redis_url)
    client.set("paper", "round")
    assert client.get("paper") == b"round"


def test_the_mail_sink_keeps_the_envelope_and_the_bytes(smtp: servers.Sink) -> None:
    with smtplib.SMTP(smtp.host, smtp.port, timeout=5) as client:
        client.sendmail("from@example.org", ["to@example.org"], b"Subject: hello\r\n\r\ntext\r\n")
    [message] = smtp.wait(1)
    assert (message.sender, message.recipients) == ("from@example.org", ("to@example.org",))
    assert message.body == b"Subject: hello\r\n\r\ntext\r\n"
