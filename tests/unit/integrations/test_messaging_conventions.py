"""The names of the messaging conventions are those that OpenTelemetry has now, none of them given up."""

from __future__ import annotations

import pytest
from opentelemetry.semconv._incubating.attributes import messaging_attributes as current
from opentelemetry.semconv.attributes import error_attributes, exception_attributes

from tally.integrations import messaging_conventions as names


@pytest.mark.parametrize(
    ("ours", "theirs"),
    [
        (names.SYSTEM, current.MESSAGING_SYSTEM),
        (names.OPERATION_TYPE, current.MESSAGING_OPERATION_TYPE),
        (names.OPERATION_NAME, current.MESSAGING_OPERATION_NAME),
        (names.DESTINATION, current.MESSAGING_DESTINATION_NAME),
        (names.MESSAGE_ID, current.MESSAGING_MESSAGE_ID),
        (names.CLIENT_ID, current.MESSAGING_CLIENT_ID),
        (names.BATCH_COUNT, current.MESSAGING_BATCH_MESSAGE_COUNT),
        (names.ERROR_TYPE, error_attributes.ERROR_TYPE),
        (names.SEND, current.MessagingOperationTypeValues.SEND.value),
        (names.PROCESS, current.MessagingOperationTypeValues.PROCESS.value),
    ],
)
def test_our_names_are_those_of_the_conventions(ours: str, theirs: str) -> None:
    assert ours == theirs


def test_an_exception_is_told_by_its_names_too() -> None:
    told = names.of_exception(ValueError("4111"), "frames")

    assert told == {
        exception_attributes.EXCEPTION_TYPE: "ValueError",
        exception_attributes.EXCEPTION_STACKTRACE: "frames",
    }
