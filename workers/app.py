"""The Celery app: how tasks travel. `celery -A workers.app worker` and `celery -A workers.app beat` start here.

Comes in: Settings. Goes out: a configured app with its tasks. Refuses to know: what the tasks do.

A message is acknowledged after its task, and a task whose process was killed goes back to the queue: the rows decide
what is still to be done, so a task that runs twice does no harm. Nothing here waits for a result.
"""

from __future__ import annotations

import logging
from collections.abc import Callable
from typing import Any

from celery import Celery
from celery.signals import after_setup_logger

from service.bootstrap import World, build
from service.errors import SettingsError, StoreError
from service.settings import Settings, load
from workers import tasks
from workers.bell import CeleryBell
from workers.schedule import timetable
from workers.watch import Watch
from workers.witness import witness

# Longer than any task may take; a task that was held by a dead worker comes back after this long.
VISIBILITY_SECONDS = 1800


def make_app(settings: Settings, open_world: Callable[[], World] | None = None) -> Celery:
    """Make the app; it opens no connection yet.

    `open_world` gives the tasks their world; without it every process builds its own when its first task comes.
    """
    app = Celery("paperround", broker=_address(settings.broker_url), set_as_current=False)
    app.conf.update(_travel(settings), beat_schedule=timetable(settings), beat_scheduler="workers.schedule:Beat")

    def build_world() -> World:
        world = build(settings, bell=CeleryBell(app), witness=witness(settings))
        try:
            # On the tables of another release a task would do half of its work.
            world.store.check()
        except StoreError:
            world.close()
            raise
        return world

    tasks.register(app, open_world or tasks.Workshop(build_world).world)
    if not settings.broker_url.startswith("memory"):
        app.steps["worker"].add(Watch)
    app.finalize()
    return app


def _travel(settings: Settings) -> dict[str, Any]:
    return {
        "accept_content": ["json"],
        "broker_connection_max_retries": None,
        "broker_connection_retry_on_startup": True,
        "broker_transport_options": _transport(settings.broker_url),
        "event_serializer": "json",
        "result_expires": None,
        "task_acks_late": True,
        "task_default_queue": "paperround",
        "task_ignore_result": True,
        "task_reject_on_worker_lost": True,
        "task_serializer": "json",
        "timezone": "UTC",
        "worker_cancel_long_running_tasks_on_connection_loss": False,
        "worker_prefetch_multiplier": 1,
        "worker_redirect_stdouts": False,
    }


def _address(broker_url: str) -> str:
    # Without a host kombu warns, once per connection, that it takes localhost.
    return "memory://localhost" if broker_url.startswith("memory") else broker_url


def _transport(broker_url: str) -> dict[str, Any]:
    if broker_url.startswith("memory"):
        # By default an idle queue in memory is looked at once a second, and a mail would wait for that.
        return {"polling_interval": 0.1}
    return {
        "visibility_timeout": VISIBILITY_SECONDS,
        "unacked_restore_interval": 30,
        "unacked_restore_throttle": 1,
        "socket_connect_timeout": 5,
        "socket_timeout": 30,
        "socket_keepalive": True,
        "health_check_interval": 10,
    }


def _from_environment() -> Celery:
    try:
        settings = load()
    except SettingsError as error:
        raise SystemExit(str(error)) from error
    if settings.broker_url.startswith("memory"):
        raise SystemExit(
            "PAPERROUND_BROKER_URL is memory://, which reaches no other process. Set it to redis://HOST:6379/0 for "
            "workers of their own, or run `paperround up`, which works inside one process."
        )
    _listen_to_our_lines(settings)
    return make_app(settings)


def _listen_to_our_lines(settings: Settings) -> None:
    """Celery's own lines follow its `--loglevel`; ours follow the setting, here as in every other process."""

    def choose(**_: Any) -> None:
        for ours in ("service", "workers"):
            logging.getLogger(ours).setLevel(settings.log_level.upper())

    after_setup_logger.connect(choose, weak=False)


def __getattr__(name: str) -> Celery:
    # Celery asks for `app` when it is started with this module; whoever merely imports it needs no settings.
    if name != "app":
        raise AttributeError(name)
    globals()["app"] = _from_environment()
    app: Celery = globals()["app"]
    return app
