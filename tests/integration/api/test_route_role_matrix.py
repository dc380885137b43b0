"""Every route by every role: who gets in and who does not."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import closing

import pytest
from flask import Flask

from backend.api.access.rights import RIGHTS
from backend.api.app import create_app
from backend.api.app import parts_of as services_of
from backend.api.http.operation import Operation
from backend.api.routers import OPERATIONS
from backend.domain.access.role import Role
from backend.embedded.servers import Servers
from tests.integration.api.caller import Caller
from tests.integration.api.wiring import BOOTSTRAP, ApiPlatform, parts_of

_CLOSED = [operation for operation in OPERATIONS if RIGHTS[operation.name].role is not None]
_OPEN = [operation for operation in OPERATIONS if RIGHTS[operation.name].role is None]


@pytest.fixture(scope="module")
def app(
    servers: Servers, migrated: str, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Flask]:
    """One application for the whole matrix: nothing is done in it."""
    with closing(ApiPlatform(servers.redis_url, migrated)) as platform:
        yield create_app(parts_of(platform, tmp_path_factory.mktemp("artifacts")))


@pytest.fixture(scope="module")
def callers(app: Flask) -> dict[Role, Caller]:
    """One caller of each role."""
    keys = services_of(app).keys
    return {role: Caller(app, keys.create(role, role, by="the tests").token) for role in Role}


@pytest.fixture(scope="module")
def admin(app: Flask) -> Caller:
    """A caller with every right."""
    return Caller(app, BOOTSTRAP)


@pytest.fixture(scope="module")
def nobody(app: Flask) -> Caller:
    """A caller without a token."""
    return Caller(app, "")


def _path(operation: Operation) -> str:
    """With places that name nothing: who gets in finds nothing, and nothing happens."""
    return re.sub(r"{\w+}", "nothing-of-this-name", operation.path)


def _name(operation: Operation) -> str:
    return operation.name


@pytest.mark.parametrize("operation", _CLOSED, ids=_name)
def test_each_role_gets_in_exactly_where_the_table_says(
    operation: Operation, callers: dict[Role, Caller]
) -> None:
    needed = RIGHTS[operation.name].role
    assert needed is not None

    for role, caller in callers.items():
        answer = caller.send(operation.method, _path(operation))
        refused = answer.status_code == 403
        assert refused == (not role.includes(needed)), (role, answer.status_code, answer.text)
        if refused:
            assert answer.get_json()["code"] == "not_allowed"
            assert "insufficient_scope" in answer.headers["WWW-Authenticate"]


@pytest.mark.parametrize("operation", _CLOSED, ids=_name)
def test_nobody_gets_in_without_a_token(operation: Operation, nobody: Caller) -> None:
    for headers in (
        {},
        {"Authorization": "Bearer wrong"},
        {"Authorization": "Basic YTpi"},
        {"Authorization": "Bearer"},
    ):
        answer = nobody.send(operation.method, _path(operation), **headers)

        assert answer.status_code == 401
        assert answer.headers["WWW-Authenticate"].startswith("Bearer")
        assert answer.get_json()["code"] == "not_authenticated"


@pytest.mark.parametrize("operation", _OPEN, ids=_name)
def test_what_is_open_to_all_needs_no_token(operation: Operation, nobody: Caller) -> None:
    answer = nobody.send(operation.method, _path(operation))

    assert answer.status_code in {200, 404}


@pytest.mark.parametrize("operation", _CLOSED, ids=_name)
def test_a_token_in_the_address_or_a_cookie_opens_nothing(
    operation: Operation, nobody: Caller, admin: Caller
) -> None:
    token = admin.headers["Authorization"].removeprefix("Bearer ")
    path = f"{_path(operation)}?access_token={token}&token={token}"

    answer = nobody.send(operation.method, path, Cookie=f"token={token}")

    assert answer.status_code == 401
