"""Between the domain's values and RQ's layout."""

from __future__ import annotations

import json
import zlib
from base64 import b64decode
from datetime import UTC, datetime, timedelta, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st

from backend.broker.events.event_lines import named_event
from backend.broker.jobs import codec
from backend.domain.jobs.attempts.outcome import AttemptError, Outcome, OutcomeKind, died
from backend.domain.jobs.job import ClaimedJob, NewJob
from backend.domain.jobs.job_event import JobEvent
from backend.domain.jobs.queue_name import QueueName
from workers.runtime.trampoline import run

json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text() | st.floats(allow_nan=False),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=8,
)
JOB = ClaimedJob("a", "1-0", 1, 0, False, "normal", "greet", b"", b"{}", 60, 3)
#: What a file name that is no UTF-8 becomes in Python.
STRAY = b"report-\xff.csv".decode("utf-8", "surrogateescape")


def _new_job(**fields: object) -> NewJob:
    values = {
        "id": "a",
        "job_type": "greet",
        "queue": QueueName.parse("high:email"),
        "payload": "{}",
        "options": {},
        "max_attempts": 4,
        "timeout": 180,
        "result_ttl": 3600,
    }
    return NewJob(**{**values, **fields})  # type: ignore[arg-type]


@given(json_values)
def test_a_payload_comes_back_as_it_was_sent(payload: object) -> None:
    data = codec.data_of("greet", json.dumps(payload, ensure_ascii=False))

    assert codec.payload_of(data) == payload
    assert json.loads(data)[0] == codec.TRAMPOLINE


def test_the_stored_path_is_the_function_that_refuses() -> None:
    assert f"{run.__module__}.{run.__name__}" == codec.TRAMPOLINE


def test_a_payload_that_rq_compressed_is_read() -> None:
    assert codec.payload_of(zlib.compress(codec.data_of("greet", '{"n":1}').encode())) == {"n": 1}


def test_a_job_to_be_made_again_is_sixteen_arguments_in_their_units() -> None:
    job = _new_job(
        delay=1.5,
        timeout=0.4,
        expires_at=datetime(2036, 1, 1, tzinfo=UTC),
        unique_key="order-7",
        unique_window=2.5,
        limit_key="k",
        limit=3,
        options={"follow": {"on_success": "…"}},
    )

    arguments = codec.whole_arguments(job)

    assert arguments == [
        *("a", "high:email", 0, 1500, "greet", codec.data_of("greet", "{}")),
        '{"follow":{"on_success":"…"}}',
        *(4, 1, 3600, 2_082_758_400_000, "order-7", 2500, "k", 3, "on_success"),
    ]


def test_a_time_of_another_zone_is_the_same_instant() -> None:
    tokyo = timezone(timedelta(hours=9))
    instant = datetime(2036, 5, 4, 3, 2, 1, 123000, tzinfo=UTC)

    assert codec.milliseconds(instant.astimezone(tokyo)) == codec.milliseconds(instant)
    assert codec.milliseconds(instant) % 1000 == 123
    assert codec.milliseconds(None) == 0


@pytest.mark.parametrize(
    ("options", "timeout"),
    [(b"{}", 60.0), (b'{"timeout":1.5}', 1.5), (b'{"tags":["\\"timeout\\":9"]}', 60.0)],
)
def test_an_exact_time_limit_travels_with_the_options(options: bytes, timeout: float) -> None:
    entry = [b"a", b"1-0", b"2", b"1", b"1", b"normal", b"greet", b"[]", options, b"60", b"3", b""]

    job = codec.claimed_job(entry)

    assert (job.timeout, job.attempt, job.failures, job.suspect) == (timeout, 2, 1, True)


@pytest.mark.parametrize(
    ("place", "value", "word"),
    [
        (3, b"many", "many"),
        (6, b"gr\xffeet", "decode"),
        (8, b'{"timeout":', "JSON"),
        (8, b'{"timeout":"soon"}', "soon"),
        (9, b"soon", "soon"),
        (10, b"x", "x"),
        (11, b"yesterday", "yesterday"),
    ],
)
def test_a_damaged_entry_of_a_claim_is_a_job_that_says_so(
    place: int, value: bytes, word: str
) -> None:
    fence = b"1767225601500-0"
    entry = [b"a", fence, b"2", b"0", None, b"normal", b"greet", b"[]", b"{}", b"60", b"3", b""]
    entry[place] = value

    job = codec.claimed_job(entry)

    assert (job.id, job.fence, job.attempt, job.queue) == ("a", fence.decode(), 2, "normal")
    assert word in job.damage


@pytest.mark.parametrize(
    ("ready", "seconds"),
    [
        (b"2026-01-01T00:00:00.000000Z", 1.5),
        (b"2026-01-01T00:00:01.250000Z", 0.25),
        (b"2026-01-01T00:00:01Z", 0.5),
        (b"2026-01-01T01:00:01.000000+01:00", 0.5),
        (b"2026-01-01T00:00:09.000000Z", 0.0),
        (b"", 0.0),
    ],
)
def test_a_job_waited_from_when_it_was_ready_until_it_was_claimed(
    ready: bytes, seconds: float
) -> None:
    fence = b"1767225601500-0"
    entry = [b"a", fence, b"1", b"0", None, b"normal", b"greet", b"[]", b"{}", b"60", b"3", ready]

    assert codec.claimed_job(entry).wait == pytest.approx(seconds)


def test_a_finished_outcome_carries_its_result_twice() -> None:
    body, entry = codec.outcome_texts(Outcome(OutcomeKind.FINISHED, '{"n":"ä"}'))

    assert json.loads(body) == json.loads(b64decode(entry)) == {"n": "ä"}


def test_a_result_of_nothing_is_stored_as_nothing() -> None:
    assert codec.outcome_texts(Outcome(OutcomeKind.FINISHED)) == ("", "")
    assert codec.outcome_texts(Outcome(OutcomeKind.RELEASED)) == ("", "")


def test_an_error_carries_its_traceback_where_rq_reads_it() -> None:
    error = AttemptError("exception", "ValueError", "no", "Traceback: ä")

    body, entry = codec.outcome_texts(Outcome(OutcomeKind.RETRIED, error=error, delay=1.25))

    assert codec.attempt_error(body) == error
    assert zlib.decompress(b64decode(entry)).decode() == "Traceback: ä"


def test_an_error_without_a_traceback_is_still_told() -> None:
    error = AttemptError("timeout", "ProcessDied", "killed")

    _, entry = codec.outcome_texts(Outcome(OutcomeKind.FAILED, error=error))

    assert zlib.decompress(b64decode(entry)) == b"ProcessDied: killed"


@pytest.mark.parametrize(
    "outcome",
    [
        Outcome(OutcomeKind.FINISHED, json.dumps({"file": STRAY}, ensure_ascii=False)),
        Outcome(OutcomeKind.FAILED, error=AttemptError("exception", "OSError", STRAY, STRAY)),
        Outcome(OutcomeKind.RETRIED, error=AttemptError("exception", "OSError", "", STRAY)),
    ],
    ids=["result", "message", "traceback"],
)
def test_text_that_is_no_utf8_can_still_be_sent(outcome: Outcome) -> None:
    """Else one odd file name in an error would take the whole worker process down."""
    arguments = codec.settle_arguments(JOB, outcome)

    sent = [text.encode() if isinstance(text, str) else text for text in arguments[3:7] if text]

    assert len(sent) >= 3
    assert json.loads(arguments[4])


def test_a_payload_that_is_no_utf8_can_still_be_sent() -> None:
    job = _new_job(payload=json.dumps({"file": STRAY}, ensure_ascii=False))

    data = codec.whole_arguments(job)[5]

    assert codec.payload_of(data.encode()) == {"file": STRAY}


def test_outcomes_are_sent_in_milliseconds() -> None:
    outcome = Outcome(OutcomeKind.RETRIED, delay=1.2345, run_seconds=0.0015)

    arguments = codec.settle_arguments(JOB, outcome)

    assert arguments[:4] == ("a", "1-0", "retried", "1234")
    assert arguments[6] == "1.500"


def test_an_event_is_read_whatever_way_it_was_written() -> None:
    fields = [b"k", b"started", b"j", b"a", b"q", b"high", b"a", b"2", b"w", b"w1"]

    expected = JobEvent("5-1", "started", "a", "high", 2, "w1")
    assert named_event("5-1", fields) == expected
    assert named_event("5-1", [b"e", b"\x1f".join(fields)]) == expected


@pytest.mark.parametrize("pairs", [[], [b"k", b"started"], [b"e", b"nonsense"], [b"a", b"x"]])
def test_what_is_no_event_of_ours_is_refused(pairs: list[bytes]) -> None:
    with pytest.raises((KeyError, ValueError, TypeError, IndexError)):
        named_event("5-1", pairs)


@pytest.mark.parametrize("due", [1e12, 1e300, 253_402_300_800.0, float("inf")])
def test_a_time_that_no_calendar_has_is_its_last(due: float) -> None:
    fields = {b"status": b"scheduled", b"data": b"[0,0,[0,{}]]", b"expires_at": b"9" * 18}

    view = codec.job_view("a", fields, due=due)

    assert view.run_at == view.expires_at == datetime(9999, 1, 1, tzinfo=UTC)


@pytest.mark.parametrize(
    ("text", "due_ms"),
    [
        (b"", 0),
        (b"0", 0),
        (b"1769502600000", 1_769_502_600_000),
        (b"1.7700000000001e+15", 253_370_764_800_000),
        (b"1e+300", 253_370_764_800_000),
        (b"inf", 253_370_764_800_000),
    ],
)
def test_a_due_time_is_read_as_lua_prints_it(text: bytes, due_ms: int) -> None:
    assert named_event("1-0", [b"k", b"snoozed", b"j", b"a", b"u", text]).due_ms == due_ms


@pytest.mark.parametrize(
    ("outcome", "word"),
    [
        (Outcome(OutcomeKind.FINISHED), "finished"),
        (Outcome(OutcomeKind.FAILED, error=AttemptError("exception", "E", "")), "failed"),
        (died("crashed", "signal 11", failures=2, max_attempts=3), "poisoned"),
        (died("crashed", "signal 11", failures=1, max_attempts=3), "crashed"),
        (died("timeout", "too long", failures=2, max_attempts=3), "failed"),
    ],
    ids=["finished", "failed", "poison", "crashed", "killed at its limit"],
)
def test_the_steps_are_told_poison_apart_from_other_failures(outcome: Outcome, word: str) -> None:
    assert codec.kind_word(outcome) == word
    assert codec.settle_arguments(JOB, outcome)[2] == word
