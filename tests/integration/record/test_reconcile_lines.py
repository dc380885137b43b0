"""Jobs that waited aside and whose hashes are gone: put right, each is counted where it waits."""

from __future__ import annotations

import pytest

from tests.integration.record.bureau import Bureau

LANE = "normal:webhook"


def _is_right(office: Bureau) -> bool:
    office.record()
    assert office.ledger().reconcile().is_balanced
    return office.bench.complaints() == []


def test_one_behind_a_gate(office: Bureau) -> None:
    assert office.bench.count("parked", LANE) == 1
    office.redis.delete("rq:job:parked")

    office.ledger().reconcile(repair=True)

    assert office.bench.count("parked", LANE) == 0
    assert _is_right(office)


def test_one_whose_entry_was_let_through_meanwhile(office: Bureau) -> None:
    """Its gate does not know of which queue it was."""
    office.redis.delete("rq:job:parked")
    office.bench.functions.call("limit", "", "", "send_webhook", 0)
    office.record()

    office.ledger().reconcile(repair=True)

    assert office.bench.count("parked", LANE) == 0
    assert office.bench.state(LANE).accepted == 2
    assert _is_right(office)


@pytest.mark.parametrize("is_taken", [True, False])
def test_one_in_the_line_of_a_fair_queue(office: Bureau, is_taken: bool) -> None:
    office.bench.functions.call("fairness", "ada", "", "normal", '{"by":"tenant"}', 100)
    before = office.bench.state().accepted
    office.redis.delete("rq:job:queued")
    if is_taken:
        assert "queued" not in [job.id for job in office.bench.claim(99)]
    office.record()

    office.ledger().reconcile(repair=True)

    assert office.bench.count("lined") == len(office.bench.line("fair:normal\x1f")) > 0
    assert office.bench.state().accepted == before
    assert _is_right(office)
