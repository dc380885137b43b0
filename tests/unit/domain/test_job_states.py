"""The states of a job, the legal moves between them, and the events that make them."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from backend.domain.jobs.attempts.outcome import OutcomeKind
from backend.domain.jobs.job_event import ATTEMPT_ENDS, STATE_AFTER, EventKind, version_of
from backend.domain.jobs.job_state import FINAL_STATES, LEGAL_MOVES, JobState, is_legal


def test_every_state_knows_its_moves() -> None:
    assert LEGAL_MOVES.keys() == set(JobState)


@pytest.mark.parametrize("state", JobState)
def test_a_final_state_is_left_only_from_failed_and_only_by_a_person(state: JobState) -> None:
    assert state.is_final == (state in FINAL_STATES)
    if state is JobState.FAILED:
        assert LEGAL_MOVES[state] == {JobState.QUEUED, JobState.FINISHED}
    elif state.is_final:
        assert not LEGAL_MOVES[state]


@pytest.mark.parametrize("state", JobState)
def test_every_state_can_end(state: JobState) -> None:
    reached, seen = {state}, set()
    while reached - seen:
        seen |= reached
        reached |= {target for origin in reached for target in LEGAL_MOVES[origin]}

    assert reached & FINAL_STATES


def test_nothing_starts_but_what_was_queued() -> None:
    origins = {state for state in JobState if is_legal(state, JobState.STARTED)}

    assert origins == {JobState.QUEUED}


def test_the_words_are_rqs() -> None:
    from rq.job import JobStatus

    assert {state.value for state in JobState} <= {status.value for status in JobStatus}


def test_every_way_to_end_an_attempt_is_an_event_that_leads_somewhere() -> None:
    kinds = set(OutcomeKind) - {OutcomeKind.RETURNED}
    assert {kind.value for kind in kinds} == {kind.value for kind in ATTEMPT_ENDS}
    assert STATE_AFTER.keys() >= ATTEMPT_ENDS


def test_only_events_without_a_state_of_their_own_lead_nowhere() -> None:
    assert set(EventKind) - STATE_AFTER.keys() == {
        EventKind.ENQUEUED,
        EventKind.CANCEL_ASKED,
        EventKind.REPRIORITISED,
        EventKind.REPLACED,
        EventKind.DROPPED,
    }


@given(st.tuples(st.integers(0, 2**42), st.integers(0, 2**20 - 1)), st.data())
def test_versions_sort_as_stream_ids_do(one: tuple[int, int], data: st.DataObject) -> None:
    other = data.draw(st.tuples(st.integers(0, 2**42), st.integers(0, 2**20 - 1)))

    versions = [version_of(f"{ms}-{sequence}") for ms, sequence in (one, other)]

    assert (versions[0] < versions[1]) == (one < other)
    assert max(versions) < 2**63
