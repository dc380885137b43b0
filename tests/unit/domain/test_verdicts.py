"""Who is charged when a worker process dies with jobs inside."""

from __future__ import annotations

import pytest

from backend.domain.jobs.attempts.death import Death
from backend.domain.jobs.attempts.outcome import OutcomeKind
from backend.domain.jobs.attempts.verdict import (
    charged,
    judge,
    judge_vanished,
    unheard_seconds,
)
from backend.domain.ports import Lease


def _lease(number: int, worker: str = "w1", failures: int = 0, most: int = 3) -> Lease:
    return Lease(f"j{number}", f"0-{number}", "90000", worker, failures, most)


def _named(*leases: Lease) -> list[tuple[str, str]]:
    return [(lease.job_id, lease.fence) for lease in leases]


def _kinds(leases: list[Lease], death: Death) -> list[OutcomeKind]:
    return [rescued.outcome.kind for rescued in judge(leases, death)]


LEASES = [_lease(1), _lease(2), _lease(3)]


def test_the_only_one_that_ran_is_charged_and_what_waited_is_given_back() -> None:
    kinds = _kinds(LEASES, Death("killed", _named(LEASES[1])))

    assert kinds == [OutcomeKind.RETURNED, OutcomeKind.CRASHED, OutcomeKind.RETURNED]


def test_of_several_that_ran_none_is_charged_and_each_is_a_suspect() -> None:
    kinds = _kinds(LEASES, Death("killed", _named(*LEASES[:2])))

    assert kinds == [OutcomeKind.SUSPECTED, OutcomeKind.SUSPECTED, OutcomeKind.RETURNED]


def test_what_filled_a_process_is_not_told_by_who_was_the_last_in_it() -> None:
    death = Death("killed: too large", _named(LEASES[1]), reason="memory")

    rescued = judge(LEASES, death)

    assert [entry.outcome.kind for entry in rescued] == [
        OutcomeKind.RETURNED,
        OutcomeKind.SUSPECTED,
        OutcomeKind.RETURNED,
    ]
    assert rescued[1].outcome.error is not None
    assert rescued[1].outcome.error.message == "killed: too large while it ran after others"


def test_a_known_guilty_one_is_charged_and_its_neighbours_are_given_back() -> None:
    death = Death("ran too long", _named(*LEASES), _named(LEASES[0]), "timeout")

    rescued = judge(LEASES, death)

    assert [entry.outcome.kind for entry in rescued] == [
        OutcomeKind.CRASHED,
        OutcomeKind.RELEASED,
        OutcomeKind.RELEASED,
    ]
    assert rescued[0].outcome.error is not None
    assert rescued[0].outcome.error.reason == "timeout"


def test_the_one_that_was_among_the_suspects_again_and_again_is_charged_alone() -> None:
    often = LEASES[1]._replace(suspicions=2)
    leases = [LEASES[0], often, LEASES[2]._replace(suspicions=1)]

    rescued = judge(leases, Death("killed", _named(*leases)))

    assert [entry.outcome.kind for entry in rescued] == [
        OutcomeKind.RELEASED,
        OutcomeKind.CRASHED,
        OutcomeKind.RELEASED,
    ]
    assert rescued[1].outcome.error is not None
    assert rescued[1].outcome.error.message == "killed, as 2 times before beside others"


def test_who_was_there_twice_is_not_charged_for_what_others_left_in_a_process() -> None:
    often = LEASES[1]._replace(suspicions=2)

    assert _kinds([often], Death("killed: too large", _named(often), reason="memory")) == [
        OutcomeKind.SUSPECTED
    ]


def test_a_job_that_takes_its_host_along_each_time_ends_as_poison() -> None:
    """Beside whatever else runs on each host: for nobody to be charged would be for ever."""
    suspicions, failures, kinds = 0, 0, []
    while OutcomeKind.FAILED not in kinds:
        poison = _lease(1, failures=failures)._replace(suspicions=suspicions)
        [rescued, _] = judge_vanished([poison, _lease(2)], [], 90)
        kinds.append(rescued.outcome.kind)
        suspicions += rescued.outcome.kind is OutcomeKind.SUSPECTED
        failures += rescued.outcome.kind is OutcomeKind.CRASHED

    assert kinds == [*[OutcomeKind.SUSPECTED] * 2, *[OutcomeKind.CRASHED] * 2, OutcomeKind.FAILED]
    assert rescued.outcome.error is not None
    assert rescued.outcome.error.reason == "poison"


def test_a_job_that_ran_under_an_older_fence_is_not_guilty_of_this() -> None:
    kinds = _kinds([LEASES[0]], Death("killed", [("j1", "an older fence")]))

    assert kinds == [OutcomeKind.RETURNED]


def test_what_had_ended_and_was_not_settled_has_begun() -> None:
    kinds = _kinds(LEASES, Death("killed", _named(LEASES[1]), ended=_named(LEASES[0])))

    assert kinds == [OutcomeKind.RELEASED, OutcomeKind.CRASHED, OutcomeKind.RETURNED]


def test_an_idle_process_takes_nobody_with_it() -> None:
    assert _kinds(LEASES, Death("killed", [])) == [OutcomeKind.RETURNED] * 3
    assert judge([], Death("killed", _named(*LEASES))) == []


def test_the_charge_that_spends_the_attempts_is_poison() -> None:
    outcome = charged(_lease(1, failures=2), "crashed", "signal 11")

    assert outcome.kind is OutcomeKind.FAILED
    assert outcome.error is not None
    assert (outcome.error.reason, outcome.error.message) == ("poison", "signal 11")


def test_a_timeout_that_spends_the_attempts_is_called_a_timeout() -> None:
    outcome = charged(_lease(1, failures=2), "timeout", "ran too long")

    assert outcome.kind is OutcomeKind.FAILED
    assert outcome.error is not None
    assert outcome.error.reason == "timeout"


def test_leases_of_one_vanished_worker_are_suspects_together() -> None:
    leases = [_lease(1, "w1"), _lease(2, "w1"), _lease(3, "w2")]

    kinds = {entry.lease.job_id: entry.outcome.kind for entry in judge_vanished(leases, [], 90)}

    assert kinds == {
        "j1": OutcomeKind.SUSPECTED,
        "j2": OutcomeKind.SUSPECTED,
        "j3": OutcomeKind.CRASHED,
    }


def test_nothing_is_charged_that_ran_where_a_host_was_told_to_stop() -> None:
    unheard = unheard_seconds(90)
    leases = [_lease(1), _lease(2, "w2"), _lease(3)._replace(unextended_seconds=unheard)]

    kinds = [entry.outcome.kind for entry in judge_vanished(leases, [], 90, {"w1"})]

    assert kinds == [OutcomeKind.RELEASED, OutcomeKind.RETURNED, OutcomeKind.CRASHED]


def test_every_lease_gets_exactly_one_verdict() -> None:
    leases = [_lease(number, f"w{number % 3}") for number in range(20)]

    judged = [entry.lease for entry in judge_vanished(leases, leases[:9], 90)]

    assert sorted(judged) == sorted(leases)


@pytest.mark.parametrize("lease_seconds", [1, 3, 30, 90, 600])
def test_what_a_vanished_worker_never_heard_of_was_never_claimed(lease_seconds: float) -> None:
    unheard = unheard_seconds(lease_seconds)
    leases = [
        Lease("unheard", "1-0", "9", "w1", unextended_seconds=unheard),
        Lease("begun", "1-0", "9", "w1", unextended_seconds=lease_seconds),
        Lease("heard", "1-0", "9", "w2", unextended_seconds=None),
        Lease("of a clock that was set", "1-0", "9", "w3", unextended_seconds=-7.0),
    ]

    rescued = judge_vanished(leases, [], lease_seconds)

    kinds = [entry.outcome.kind for entry in rescued]
    assert kinds == [OutcomeKind.RETURNED, *[OutcomeKind.FAILED] * 3]


def test_what_ended_later_or_was_rescued_before_makes_suspects_and_is_not_judged() -> None:
    gone, ended, later = _lease(1), _lease(2), _lease(3)

    [rescued] = judge_vanished([ended], [gone, ended, later], 90)

    assert (rescued.lease, rescued.outcome.kind) == (ended, OutcomeKind.SUSPECTED)


def test_a_lease_that_moved_since_it_was_noted_is_not_beside_itself() -> None:
    [rescued] = judge_vanished([_lease(1)._replace(expires="95000")], [_lease(1)], 90)

    assert rescued.outcome.kind is OutcomeKind.CRASHED


def test_a_worker_hears_of_a_claim_before_its_lease_ends() -> None:
    """It waits for five seconds in one go."""
    assert unheard_seconds(90) == 10
    assert unheard_seconds(30) == 10
    assert unheard_seconds(3) == 1
