"""A broker's URL as Celery takes it → the same as redis-py takes it.

Comes in: the checked text of a setting. Goes out: a URL that `redis.Redis.from_url` takes. Refuses to know: who asks
that server, and for what.
"""

from __future__ import annotations

from urllib.parse import parse_qsl, urlencode

_SIGN_IN = ("username", "password")


def redis_url(broker_url: str) -> str:
    """Return the URL for a client that is not Celery.

    Celery has names of its own for a socket in the file system, for the number of the database behind one and for what
    a certificate is asked for. What else may stand there is Celery's alone, such as times to wait: redis-py refuses
    what it does not know, and prefers what it does know to what its caller says.
    """
    place, _, query = broker_url.replace("redis+socket:", "unix:", 1).partition("?")
    asked = dict(parse_qsl(query))
    kept = {name: value for name, value in asked.items() if name in _SIGN_IN or name.startswith("ssl_")}
    if "ssl_cert_reqs" in kept:
        kept["ssl_cert_reqs"] = kept["ssl_cert_reqs"].removeprefix("CERT_").lower()
    database = asked.get("virtual_host", asked.get("db", "")).strip("/")
    if database.isdecimal():
        kept["db"] = database
    return f"{place}?{urlencode(kept)}" if kept else place
