"""The allow-list of what can be run."""

from __future__ import annotations

import pytest

from backend.domain.errors import ConfigurationError, QueueUnavailable, UnknownJobType
from backend.domain.jobs.job_type import Isolation, JobType, JobTypeCatalogue
from backend.domain.text.nearest_name import suggestion


def _send() -> None: ...


def _other() -> None: ...


CATALOGUE = JobTypeCatalogue(
    [JobType("send_email", _send, lane="email"), JobType("greet", _other), JobType("a", _send)]
)


def test_a_known_type_is_found() -> None:
    assert CATALOGUE.get("greet").handler is _other
    assert "greet" in CATALOGUE
    assert "great" not in CATALOGUE


def test_an_unknown_type_is_told_the_nearest_one_and_where_types_come_from() -> None:
    with pytest.raises(UnknownJobType, match="did you mean 'send_email'") as refusal:
        CATALOGUE.get("send_mail")

    assert "job_packages" in str(refusal.value)
    assert refusal.value.details == {"job_type": "send_mail"}


def test_two_handlers_cannot_share_a_name() -> None:
    catalogue = JobTypeCatalogue([JobType("greet", _send)])

    with pytest.raises(ConfigurationError, match="two job types are called 'greet'"):
        catalogue.add(JobType("greet", _other))


def test_the_same_type_twice_is_one() -> None:
    catalogue = JobTypeCatalogue([JobType("greet", _send), JobType("greet", _send, timeout=5)])

    assert len(list(catalogue)) == 1


def test_types_come_sorted_and_lanes_with_the_default_first() -> None:
    assert [job_type.name for job_type in CATALOGUE] == ["a", "greet", "send_email"]
    assert CATALOGUE.lanes() == ["default", "email"]
    assert JobTypeCatalogue().lanes() == ["default"]


class Elsewhere:
    """What other processes published, or nobody to ask."""

    def __init__(self, *kinds: JobType, is_away: bool = False) -> None:
        self.kinds = {kind.name: kind for kind in kinds}
        self.is_away = is_away

    def find(self, name: str) -> JobType | None:
        return self._asked().get(name)

    def all(self) -> dict[str, JobType]:
        return self._asked()

    def _asked(self) -> dict[str, JobType]:
        if self.is_away:
            raise QueueUnavailable("Redis is away")
        return self.kinds


def _with(elsewhere: Elsewhere) -> JobTypeCatalogue:
    catalogue = JobTypeCatalogue([JobType("greet", _other)])
    catalogue.published = elsewhere
    return catalogue


def test_types_of_others_can_be_enqueued_and_are_not_ones_own() -> None:
    catalogue = _with(Elsewhere(JobType("resize", print, lane="images"), JobType("greet", print)))

    assert catalogue.get("resize").lane == "images"
    assert "resize" in catalogue
    assert [kind.name for kind in catalogue] == ["greet", "resize"]
    assert catalogue.get("greet").handler is _other
    assert catalogue.lanes() == ["default", "images"]
    assert ([kind.name for kind in catalogue.own()], catalogue.own_lanes()) == (
        ["greet"],
        ["default"],
    )
    with pytest.raises(UnknownJobType, match="did you mean 'resize'"):
        catalogue.get("resise")


def test_while_others_cannot_be_asked_nobody_says_that_a_type_is_unknown() -> None:
    catalogue = _with(Elsewhere(is_away=True))

    assert [kind.name for kind in catalogue] == ["greet"]
    assert catalogue.lanes() == ["default"]
    assert "greet" in catalogue
    assert catalogue.get("greet").handler is _other
    for ask in (catalogue.get, catalogue.look_up, catalogue.__contains__):
        with pytest.raises(QueueUnavailable):
            ask("resize")
    with pytest.raises(QueueUnavailable):
        catalogue.served_lanes()


def test_a_type_that_was_published_a_moment_ago_is_in_the_catalogue() -> None:
    elsewhere = Elsewhere(JobType("resize", print))
    catalogue = _with(elsewhere)
    elsewhere.all = dict  # type: ignore[method-assign] # an older list

    assert "resize" in catalogue
    assert catalogue.look_up("resize") is elsewhere.kinds["resize"]
    assert catalogue.look_up("resise") is None


def test_the_hard_limit_is_the_soft_one_and_its_grace() -> None:
    job_type = JobType("greet", _send, timeout=5, grace=2)

    assert job_type.hard_timeout == 7
    assert job_type.isolation is Isolation.THREAD


@pytest.mark.parametrize(
    ("word", "said"),
    [
        ("sent", ", did you mean 'send'?"),
        ("SEND", ""),
        ("entirely different", ""),
        ("", ""),
    ],
)
def test_only_a_near_name_is_suggested(word: str, said: str) -> None:
    assert suggestion(word, ["send", "receive"]) == said


def test_without_names_nothing_is_suggested() -> None:
    assert suggestion("send", []) == ""
