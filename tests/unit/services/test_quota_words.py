"""What people are told of a tenant that has used up its quota, and that each such tenant has a sign."""

from __future__ import annotations

from typing import Any

import pytest

from backend.domain.jobs.options.quota import Quota, QuotaState
from backend.domain.jobs.options.rate import Rate
from backend.services.finding.quota_words import used_up_words
from backend.services.health.health_situation import Severity
from tests.unit.services.situations import ago, signs

RATE = Rate(600, 60)


def _state(
    quota: Quota, waiting: int = 0, running: int = 0, aside: int = 0, **fields: Any
) -> QuotaState:
    return QuotaState(fields.pop("tenant", "acme"), quota, waiting, running, aside, **fields)


@pytest.mark.parametrize(
    ("state", "parts"),
    [
        (_state(Quota(waiting=5), waiting=4), ()),
        (_state(Quota(waiting=5), waiting=5), ("waiting",)),
        (_state(Quota(waiting=5), waiting=9), ("waiting",)),
        (_state(Quota(running=2), running=2), ()),
        (_state(Quota(running=2), running=2, aside=1), ("running",)),
        (_state(Quota(running=2), running=1, aside=1), ()),
        (_state(Quota(starts=RATE), opens_at=ago(-9)), ()),
        (_state(Quota(starts=RATE), opens_at=ago(-9), aside=1), ("starts",)),
        (_state(Quota(starts=RATE), aside=1), ()),
        (
            _state(Quota(5, 2, RATE), 7, 2, 3, opens_at=ago(-9)),
            ("waiting", "running", "starts"),
        ),
    ],
)
def test_a_part_is_used_up_where_somebody_is_refused_or_kept_waiting_by_it(
    state: QuotaState, parts: tuple[str, ...]
) -> None:
    assert state.used_up == parts


@pytest.mark.parametrize(
    ("state", "said"),
    [
        (_state(Quota(waiting=5), waiting=7), "7 jobs wait of 5 that may: new ones are refused"),
        (
            _state(Quota(running=2), running=2, aside=3),
            "2 jobs run of 2 that may: 3 wait aside",
        ),
        (
            _state(Quota(starts=RATE), aside=4, opens_at=ago(-9)),
            "no more than 600 in 60 s may start: 4 wait aside",
        ),
        (
            _state(Quota(5, 2, RATE), 5, 2, 3, opens_at=ago(-9)),
            (
                "5 jobs wait of 5 that may: new ones are refused; 2 jobs run of 2 that may, no more than "
                "600 in 60 s may start: 3 wait aside"
            ),
        ),
    ],
)
def test_it_says_which_part_and_what_becomes_of_jobs(state: QuotaState, said: str) -> None:
    assert used_up_words(state) == (
        f"the tenant 'acme' has used up its quota: {said} (tally tenants quota acme)"
    )


def test_a_tenants_name_is_quoted_as_a_shell_takes_it() -> None:
    state = _state(Quota(waiting=1), waiting=1, tenant="a b; c")

    assert used_up_words(state).endswith("(tally tenants quota 'a b; c')")


def test_each_has_a_sign_those_first_whose_jobs_are_refused_and_many_have_one_for_the_rest() -> (
    None
):
    kept = [_state(Quota(running=1), running=1, aside=1, tenant=f"k{n}") for n in range(4)]
    refused = [_state(Quota(waiting=1), waiting=1, tenant=f"r{n}") for n in range(3)]
    well = _state(Quota(waiting=9), waiting=1, tenant="well")

    found = signs(quotas=[*kept, well, *refused])

    assert [sign.code for sign in found] == ["quota_used_up"] * 6
    assert [sign.subject for sign in found] == ["r0", "r1", "r2", "k0", "k1", ""]
    assert found[0].severity is Severity.WARNING
    assert found[0].text == used_up_words(refused[0])
    assert found[5].text == "2 more tenants have used up their quotas: tally tenants list"
