"""Every route has a right, and the document says which."""

from __future__ import annotations

import pytest
from flask import Blueprint, Flask

from backend.api.access.rights import OPEN, RIGHTS, Right, check_rights, permit
from backend.api.http.openapi import document_of
from backend.api.routers import OPERATIONS
from backend.domain.access.access_errors import NotAllowed
from backend.domain.access.api_key import Principal
from backend.domain.access.role import Role
from backend.domain.errors import ConfigurationError


def _app(*endpoints: str) -> Flask:
    app = Flask("tests", static_folder=None)
    for endpoint in endpoints:
        app.add_url_rule(f"/{endpoint}", endpoint, lambda: "")
    return app


def test_every_operation_is_in_the_table_of_rights_and_nothing_else_is() -> None:
    assert {operation.name for operation in OPERATIONS} == set(RIGHTS)


def test_operation_names_and_places_are_unique() -> None:
    names = [operation.name for operation in OPERATIONS]
    places = [(operation.method, operation.path) for operation in OPERATIONS]

    assert len(set(names)) == len(names)
    assert len(set(places)) == len(places)


def test_a_route_without_a_right_keeps_the_application_from_starting() -> None:
    app = _app(*RIGHTS, "a.secret.door")

    with pytest.raises(ConfigurationError, match=r"a\.secret\.door"):
        check_rights(app, RIGHTS, RIGHTS)


def test_a_page_brings_its_own_rights() -> None:
    app = _app(*RIGHTS)
    blueprint = Blueprint("pages", __name__)
    blueprint.add_url_rule("/pages", "overview", lambda: "")
    app.register_blueprint(blueprint)

    check_rights(app, {**RIGHTS, "pages.overview": Right(Role.VIEWER)}, RIGHTS)


def test_a_right_that_nobody_serves_keeps_the_application_from_starting() -> None:
    app = _app(*RIGHTS)
    served = set(RIGHTS) - {"jobs.search"}

    with pytest.raises(ConfigurationError, match=r"jobs\.search"):
        check_rights(app, RIGHTS, served)


@pytest.mark.parametrize("role", Role)
@pytest.mark.parametrize("needed", Role)
def test_a_role_includes_those_before_it_and_no_other(role: Role, needed: Role) -> None:
    who = Principal("1", "somebody", role)
    words = [each.value for each in Role]

    if words.index(role) >= words.index(needed):
        permit(Right(needed), who)
    else:
        with pytest.raises(NotAllowed):
            permit(Right(needed), who)


def test_a_caller_of_one_tenant_may_not_what_concerns_all() -> None:
    who = Principal("1", "somebody", Role.ADMIN, tenant="blue")

    permit(OPEN, who)
    with pytest.raises(NotAllowed, match="blue"):
        permit(Right(Role.VIEWER), who)


def test_the_document_names_the_role_of_each_operation() -> None:
    document = document_of(OPERATIONS, RIGHTS, "1")

    for operation in OPERATIONS:
        told = document["paths"][operation.path][operation.method.lower()]
        right = RIGHTS[operation.name]
        assert told["x-role"] == right.role
        assert ("security" in told) == (right.role is not None)
        assert told["summary"].endswith(".")
