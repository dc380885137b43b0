"""The tree of errors: codes that callers may rely on."""

from __future__ import annotations

from backend.domain.errors import JobSignal, QueueFull, RetryLater, Snooze, TallyError, Unavailable


def _all(root: type[BaseException]) -> list[type[BaseException]]:
    return [root, *(found for child in root.__subclasses__() for found in _all(child))]


def _ours(root: type[BaseException]) -> list[type[BaseException]]:
    return [error for error in _all(root) if error.__module__.startswith("backend.")]


def test_every_error_has_a_code_of_its_own() -> None:
    codes = [error.code for error in (*_ours(TallyError), *_ours(JobSignal))]  # type: ignore[attr-defined]

    assert len(codes) == len(set(codes))
    assert all(code.replace("_", "").isalpha() and code.islower() for code in codes)


def test_every_error_says_what_it_means() -> None:
    assert [error for error in _ours(TallyError) if not error.__doc__] == []


def test_details_travel_beside_the_message() -> None:
    error = QueueFull("no room", queue="high", accepted=3)

    assert (str(error), error.details) == ("no room", {"queue": "high", "accepted": 3})
    assert isinstance(error, Unavailable)


def test_signals_are_no_errors_of_the_platform() -> None:
    assert not issubclass(JobSignal, TallyError)
    assert RetryLater("busy", delay=3).delay == 3
    assert RetryLater().delay is None
    assert (Snooze(5, "later").delay, str(Snooze(5, "later"))) == (5, "later")
