"""The environment goes first: a store with a URL is used as it is, only others are started."""

from __future__ import annotations

import os
from pathlib import Path

from backend.embedded.servers import Servers, start_servers
from backend.embedded.store_url import check_postgres, check_redis

_REDIS_VARIABLES = ("REDIS_URL",)
_DATABASE_VARIABLES = ("JOB_QUEUE_DATABASE_URL", "DATABASE_URL")


def servers_from_environment_or_start(
    state_dir: Path,
    *,
    die_with_parent: bool = True,
    for_tests: bool = False,
    redis: bool = True,
    postgres: bool = True,
    template_cache: Path | None = None,
) -> Servers:
    """Use REDIS_URL and JOB_QUEUE_DATABASE_URL (or DATABASE_URL); start what has none.

    A URL that does not answer is an error: data must never go to another store unnoticed.
    """
    redis_url = _redis_url() if redis else None
    database_url = _database_url() if postgres else None
    return start_servers(
        state_dir,
        die_with_parent=die_with_parent,
        for_tests=for_tests,
        redis=redis and redis_url is None,
        postgres=postgres and database_url is None,
        template_cache=template_cache,
    ).beside(redis_url=redis_url, database_url=database_url)


def _redis_url() -> str | None:
    variable, url = _first_set(_REDIS_VARIABLES)
    if url is not None:
        check_redis(url, variable=variable)
    return url


def _database_url() -> str | None:
    variable, url = _first_set(_DATABASE_VARIABLES)
    if url is not None:
        check_postgres(url, variable=variable)
    return url


def _first_set(variables: tuple[str, ...]) -> tuple[str, str | None]:
    for variable in variables:
        if url := os.environ.get(variable):
            return variable, url
    return variables[0], None
