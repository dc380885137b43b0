"""Who may have jobs of a type run, where others published it and cannot always be asked."""

from __future__ import annotations

import pytest

from backend.domain.access.access_errors import NotAllowed
from backend.domain.access.actor import Actor
from backend.domain.access.role import Role
from backend.domain.access.type_rights import permit_types
from backend.domain.errors import QueueUnavailable
from backend.domain.jobs.job_type import JobType, JobTypeCatalogue

WIPE = JobType("wipe", print, role=Role.ADMIN, tenants=False)
PRODUCER = Actor("ada", role="producer")
MAILER = Actor("ada", role="admin", job_types=frozenset({"send_email"}))
OF_A_TENANT = Actor("ada", role="admin", tenant="acme")
ADMIN = Actor("ada", role="admin")
CODE = Actor("ada")


class Published:
    """Types of others: those that are found by name, and those that the last list had."""

    def __init__(
        self, found: dict[str, JobType] | None, listed: dict[str, JobType] | None = None
    ) -> None:
        self._found, self._listed = found, listed

    def find(self, name: str) -> JobType | None:
        if self._found is None:
            raise QueueUnavailable("Redis is away")
        return self._found.get(name)

    def all(self) -> dict[str, JobType]:
        if self._listed is None:
            raise QueueUnavailable("Redis is away")
        return self._listed


def _catalogue(published: Published) -> JobTypeCatalogue:
    catalogue = JobTypeCatalogue([JobType("greet", print)])
    catalogue.published = published
    return catalogue


@pytest.mark.parametrize("listed", [None, {}], ids=["cannot be listed", "is not listed yet"])
@pytest.mark.parametrize("who", [PRODUCER, MAILER, OF_A_TENANT], ids=["role", "types", "tenant"])
def test_a_type_that_is_found_has_its_rights_however_old_the_list_is(
    who: Actor, listed: dict[str, JobType] | None
) -> None:
    catalogue = _catalogue(Published({"wipe": WIPE}, listed))

    with pytest.raises(NotAllowed):
        permit_types(who, catalogue, ["greet" if who is not MAILER else "wipe", "wipe"])


@pytest.mark.parametrize("who", [PRODUCER, MAILER, OF_A_TENANT], ids=["role", "types", "tenant"])
def test_while_nobody_can_tell_what_a_type_asks_for_it_is_not_permitted(who: Actor) -> None:
    with pytest.raises(QueueUnavailable):
        permit_types(who, _catalogue(Published(None)), ["wipe"])


@pytest.mark.parametrize("who", [ADMIN, CODE], ids=["admin", "code"])
def test_who_may_have_everything_run_need_not_wait_until_somebody_can_tell(who: Actor) -> None:
    permit_types(who, _catalogue(Published(None)), ["wipe"])


def test_a_type_that_nobody_knows_is_no_secret() -> None:
    permit_types(MAILER, _catalogue(Published({}, {})), ["gone"])
