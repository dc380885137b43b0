"""When a shard's epoch ends."""

from __future__ import annotations

from dataclasses import replace

import pytest

from backend.domain.ledger.shard_epoch import (
    EpochReason,
    ServerSight,
    ShardEpoch,
    crowded_millisecond,
    may_have_missed,
    new_epoch_reason,
)

NOTED = ShardEpoch(3, "repl-a", "run-a", EpochReason.FIRST, 50, 100)
SAME = ServerSight("repl-a", "0" * 40, "run-a", 100)


def test_the_first_sight_begins_the_first_epoch() -> None:
    assert new_epoch_reason(None, SAME) is EpochReason.FIRST


@pytest.mark.parametrize("last", [100, 200])
def test_the_same_server_goes_on(last: int) -> None:
    assert new_epoch_reason(NOTED, replace(SAME, last_version=last)) is None


def test_a_replica_that_was_promoted_is_a_fail_over() -> None:
    promoted = ServerSight("repl-b", "repl-a", "run-b", 101)

    assert new_epoch_reason(NOTED, promoted) is EpochReason.FAIL_OVER


@pytest.mark.parametrize(
    "seen",
    [ServerSight("repl-b", "repl-a", "run-a", 101), ServerSight("repl-b", "x", "run-b", 101)],
)
def test_any_other_change_of_server_is_a_restart(seen: ServerSight) -> None:
    assert new_epoch_reason(NOTED, seen) is EpochReason.RESTART


@pytest.mark.parametrize("run", ["run-a", "run-b"])
def test_events_that_went_back_are_older_data_whoever_has_them(run: str) -> None:
    older = replace(SAME, run_id=run, last_version=99)

    assert new_epoch_reason(NOTED, older) is EpochReason.OLDER_DATA


def test_a_server_that_tells_nothing_of_itself_is_known_by_its_events() -> None:
    silent = replace(NOTED, replication_id="", run_id="")

    assert new_epoch_reason(silent, ServerSight("", "", "", 100)) is None
    assert new_epoch_reason(silent, ServerSight("", "", "", 1)) is EpochReason.OLDER_DATA


@pytest.mark.parametrize("reason", EpochReason)
def test_every_new_epoch_but_the_first_may_have_missed_something(reason: EpochReason) -> None:
    assert may_have_missed(reason) is (reason is not EpochReason.FIRST)


def test_a_millisecond_is_left_before_its_ids_are_used_up() -> None:
    millisecond = 7 << 20

    assert crowded_millisecond(millisecond + (1 << 19) - 1) is None
    assert crowded_millisecond(millisecond + (1 << 19)) == 8 << 20
