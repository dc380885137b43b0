"""What an event's body says about an error."""

from __future__ import annotations

import json

from backend.history.recording.attempt_fault import fault_in


def test_an_error_is_taken_apart() -> None:
    body = json.dumps({"reason": "timeout", "error": "E", "message": "m", "traceback": "t"})

    assert fault_in("failed", body) == ("timeout", "E", "m", "t")


def test_a_plain_reason_is_a_message() -> None:
    assert fault_in("canceled", "changed my mind") == (
        "canceled",
        "canceled",
        "changed my mind",
        "",
    )


def test_a_body_that_is_json_but_no_error_is_a_message_too() -> None:
    assert fault_in("canceled", "42") == ("canceled", "canceled", "42", "")


def test_nothing_is_no_fault() -> None:
    assert fault_in("released", "") is None


def test_the_summary_is_cut_and_says_the_kind_once() -> None:
    long = fault_in("failed", json.dumps({"error": "E", "message": "x" * 5000}))
    bare = fault_in("failed", json.dumps({"error": "E"}))

    assert long is not None
    assert bare is not None
    assert (len(long.summary), long.summary[:5], bare.summary) == (2000, "E: xx", "E")


def test_an_error_without_a_class_is_called_by_its_outcome() -> None:
    fault = fault_in("failed", json.dumps({"error": "", "message": "m"}))

    assert fault is not None
    assert fault.kind == "failed"
