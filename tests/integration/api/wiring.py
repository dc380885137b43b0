"""The API on the servers of a test, put together as the web process does it."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

from flask import Flask

from backend.api.app import create_app
from backend.api.config.api_settings import ApiSettings
from backend.api.config.record_settings import EventSettings
from backend.api.config.settings import load_settings
from backend.api.request.api_services import ApiServices
from backend.bootstrap.api_parts import api_parts
from backend.bootstrap.platform import Platform
from tests.integration.history.databases import empty
from workers.artifacts.local_store import LocalStore

#: The key of the settings, an admin's.
BOOTSTRAP = "bootstrap-key-of-the-tests"
#: No limit is in the way of a test, unless it is about limits.
NO_LIMITS = {"key_per_second": 0, "address_per_second": 0, "wrong_tokens_per_minute": 0}
_SUBSCRIPTIONS = {"user.created": [{"job_type": "greet", "name": "welcome"}]}


class ApiPlatform(Platform):
    """A deployment whose settings of the API are given by hand."""

    def __init__(
        self, redis_url: str, database_url: str, enqueue_mode: str = "direct", **api: Any
    ) -> None:
        given = {"bootstrap_key": BOOTSTRAP, "access_log": False, "rates": NO_LIMITS} | api
        super().__init__(
            load_settings(
                redis_url=redis_url,
                database_url=database_url,
                job_packages=("tests.integration.api.job_types", "workers.maintenance_worker"),
                job_enqueue_mode=enqueue_mode,
                events=EventSettings.model_validate({"subscriptions": _SUBSCRIPTIONS}),
                api=ApiSettings.model_validate(given),
            )
        )


def parts_of(platform: Platform, folder: Path) -> ApiServices:
    """Everything that the API needs, with a store of artifacts of the test's own."""
    store = LocalStore(folder, retention=timedelta(days=1), now=platform.clock.now)
    return replace(api_parts(platform), artifacts=store)


@contextmanager
def with_nothing_in_it(platform: ApiPlatform) -> Iterator[ApiPlatform]:
    """The deployment, closed at the end: its Redis is empty, and no job is on record."""
    platform.redis.flushall()
    platform.load_library()
    empty(platform.history_engine)
    yield platform
    platform.close()


@contextmanager
def application(parts: ApiServices) -> Iterator[Flask]:
    """The application that is made of these, closed at the end."""
    app = create_app(parts)
    yield app
    app.extensions["tally-app-state"].close()
