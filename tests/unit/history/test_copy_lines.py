"""Texts on their way into COPY: nothing in them may end a value or a line."""

from __future__ import annotations

import pytest

from backend.domain.jobs.job_event import JobEvent
from backend.history.recording.copy_lines import event_lines, job_lines, result_lines
from backend.history.recording.job_registers import fold

ACCEPTED = JobEvent("1000-0", "enqueued", "j", "low", state="queued", job_type="greet", data="{}")


def fields(lines: str) -> list[str]:
    """The values of the only line."""
    [line] = lines.split("\n")[:-1]
    return line.split("\t")


@pytest.mark.parametrize(
    ("text", "written"),
    [
        ("plain", "plain"),
        ("a\tb", "a\\tb"),
        ("a\nb\r", "a\\nb\\r"),
        ("\\N", "\\\\N"),
        ("nul\0", "nul\ufffd"),
        ("ünï 😀", "ünï 😀"),
    ],
)
def test_what_means_something_to_copy_is_escaped(text: str, written: str) -> None:
    canceled = JobEvent("2000-0", "canceled", "j", "low", worker=text, body=text)

    values = fields(event_lines(fold([canceled]).timeline))

    assert (values[6], values[10]) == (written, written)
    assert len(values) == 12


def test_tags_are_an_array_whatever_is_in_them() -> None:
    tags = '{"tags":["a","b,c","d\\"e","f\\\\g","{}"]}'

    values = fields(job_lines(fold([ACCEPTED._replace(options=tags)]).jobs))

    assert values[6] == '{"a","b,c","d\\\\"e","f\\\\\\\\g","{}"}'


def test_nothing_is_null() -> None:
    values = fields(job_lines(fold([ACCEPTED]).jobs))

    assert len(values) == 28
    assert values[5:11] == [""] * 6


def test_a_job_known_only_by_later_events_says_nothing_of_its_acceptance() -> None:
    values = fields(job_lines(fold([JobEvent("2000-0", "promoted", "j", "low")]).jobs))

    assert len(values) == 28
    assert values[2:12] == ["", "1", "", "", "", "", "", "", "", "f"]


def test_an_attempt_in_the_batch_of_its_acceptance_knows_its_type_and_since_when_it_waited() -> (
    None
):
    started = JobEvent("2000-0", "started", "j", "low", 1, "w")
    ended = JobEvent("3000-0", "finished", "j", "low", 1, "w", "2000-0", "[1]", 1000.25)

    values = fields(result_lines(fold([ACCEPTED, started, ended]).attempts))

    assert values[5] == "greet"
    assert values[9] == str(1000 << 20)
    assert values[10:12] == ["1000.25", "[1]"]


def test_a_time_beyond_all_calendars_is_refused() -> None:
    with pytest.raises(ValueError, match=r"calendars|out of range"):
        event_lines(fold([JobEvent("2-0", "retried", "j", "low", due_ms=10**25)]).timeline)
