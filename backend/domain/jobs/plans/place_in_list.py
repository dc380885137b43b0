"""Says of an error which of many requests it is about."""

from __future__ import annotations

from backend.domain.errors import InvalidRequest


def told_of_place(error: InvalidRequest, place: int, of: int) -> InvalidRequest:
    """The same error: ``details["place"]`` counts from 0, as the message does where there are several."""
    error.details["place"] = place
    if of > 1:
        error.args = (f"jobs[{place}]: {error}", *error.args[1:])
    return error


def told_of_many(error: InvalidRequest, place: int, of: int) -> InvalidRequest:
    """The same, but that nothing is told where there is one alone."""
    return error if of == 1 else told_of_place(error, place, of)
