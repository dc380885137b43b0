"""The API on real servers: an empty Redis and a migrated database for each test."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from flask import Flask

from backend.api.request.api_services import ApiServices
from backend.bootstrap.platform import Platform
from backend.domain.access.role import Role
from backend.embedded.servers import Servers
from tests.integration.api.caller import Caller
from tests.integration.api.wiring import (
    BOOTSTRAP,
    ApiPlatform,
    application,
    parts_of,
    with_nothing_in_it,
)
from tests.integration.api.work import Work
from tests.integration.history.databases import migrated_database


@pytest.fixture(scope="session")
def migrated(servers: Servers) -> Iterator[str]:
    """The URL of a database that has every table."""
    with migrated_database(servers.database_url) as url:
        yield url


@pytest.fixture
def platform(servers: Servers, migrated: str) -> Iterator[Platform]:
    """A deployment with nothing in Redis, and no job on record."""
    with with_nothing_in_it(ApiPlatform(servers.redis_url, migrated)) as platform:
        yield platform


@pytest.fixture
def by_outbox(servers: Servers, migrated: str) -> Iterator[Platform]:
    """The same of one that accepts jobs by Postgres."""
    platform = ApiPlatform(servers.redis_url, migrated, enqueue_mode="outbox")
    with with_nothing_in_it(platform):
        yield platform


@pytest.fixture
def parts(platform: Platform, tmp_path: Path) -> ApiServices:
    """What the API is made of."""
    return parts_of(platform, tmp_path / "artifacts")


@pytest.fixture
def app(parts: ApiServices) -> Iterator[Flask]:
    """The application."""
    with application(parts) as app:
        yield app


@pytest.fixture
def work(platform: Platform) -> Iterator[Work]:
    """Workers and a recorder that do what the test says."""
    work = Work(platform)
    yield work
    work.close()


@pytest.fixture
def admin(app: Flask) -> Caller:
    """A caller with every right."""
    return Caller(app, BOOTSTRAP)


@pytest.fixture
def nobody(app: Flask) -> Caller:
    """A caller without a token."""
    return Caller(app, "")


@pytest.fixture
def callers(app: Flask, parts: ApiServices) -> dict[Role, Caller]:
    """One caller of each role, by keys on record."""
    return {
        role: Caller(app, parts.keys.create(f"a {role}", role, by="the tests").token)
        for role in Role
    }
