"""The job types that workers publish, for callers that have not their code."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from pydantic import BaseModel

from backend.domain.access.role import Role
from backend.domain.jobs.attempts.retry_policy import RetryPolicy
from backend.domain.jobs.job_type import Isolation, JobType
from backend.domain.jobs.published_type import DECLARATION, PublishCode
from backend.domain.jobs.queue_name import Priority
from tests.contract.broker.scene import Scene


class Picture(BaseModel):
    """What is resized."""

    path: str


def _resize(_payload: Picture) -> None: ...


RESIZE = JobType(
    "resize",
    _resize,
    lane="images",
    priority=Priority.LOW,
    payload=Picture,
    isolation=Isolation.PROCESS,
    timeout=2.5,
    grace=3.0,
    retry=RetryPolicy((1.0, 2.5), 7, 0.0),
    limit=4,
    result_ttl=60,
    version=2,
    description="Makes it small.",
    secret_fields=frozenset({"path"}),
    destination_fields=frozenset({"path"}),
    role=Role.OPERATOR,
    tenants=False,
)


def test_a_published_type_is_all_but_its_code(scene: Scene) -> None:
    assert scene.broker.declarations.publish([RESIZE]) == [PublishCode.NEW]

    found = scene.broker.declarations.find("resize")

    assert found is not None
    assert found.payload_schema == Picture.model_json_schema()
    told: dict[str, Any] = {"handler": found.handler, "payload": None, "schema": found.schema}
    assert found == replace(RESIZE, **told)
    with pytest.raises(RuntimeError, match="does not run in this one"):
        found.handler({})


def test_what_nobody_published_is_not_there(scene: Scene) -> None:
    assert scene.broker.declarations.find("resize") is None
    assert scene.broker.declarations.all() == {}


def test_the_highest_version_stays_whoever_comes_later(scene: Scene) -> None:
    publish = scene.broker.declarations.publish
    older, newer = replace(RESIZE, version=1, lane="old"), replace(RESIZE, version=10, lane="new")

    assert publish([RESIZE, older]) == [PublishCode.NEW, PublishCode.OLDER]
    assert publish([newer]) == [PublishCode.NEW]
    assert publish([RESIZE, newer]) == [PublishCode.OLDER, PublishCode.SAME]

    found = scene.broker.declarations.find("resize")
    assert found is not None
    assert (found.version, found.lane) == (10, "new")


def test_of_one_version_what_came_last_holds_and_is_told(scene: Scene) -> None:
    publish = scene.broker.declarations.publish
    publish([RESIZE])

    assert publish([replace(RESIZE, timeout=9.0)]) == [PublishCode.CHANGED]
    assert publish([replace(RESIZE, timeout=9.0)]) == [PublishCode.SAME]

    found = scene.broker.declarations.find("resize")
    assert found is not None
    assert found.timeout == 9.0


def test_a_declared_limit_holds_changes_and_goes_with_its_declaration(scene: Scene) -> None:
    publish, limits = scene.broker.declarations.publish, scene.broker.inspection.limits

    publish([RESIZE])
    assert limits() == {"resize": 4}
    publish([replace(RESIZE, limit=2)])
    assert limits() == {"resize": 2}
    publish([replace(RESIZE, limit=None)])
    assert limits() == {}


def test_a_person_says_otherwise_until_they_give_it_back(scene: Scene) -> None:
    publish, operations = scene.broker.declarations.publish, scene.broker.operations
    publish([RESIZE])

    operations.limit("resize", 9, by="anna", reason="the disk is new")
    publish([replace(RESIZE, limit=3)])
    assert scene.broker.inspection.limits() == {"resize": 9}
    operations.limit("resize", 0, by="anna")
    publish([RESIZE])
    assert scene.broker.inspection.limits() == {}

    operations.limit("resize", 4, by=DECLARATION)
    publish([replace(RESIZE, limit=3)])
    assert scene.broker.inspection.limits() == {"resize": 3}
