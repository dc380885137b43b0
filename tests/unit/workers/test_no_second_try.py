"""An error that the same data would cause again ends a job for good; one that may pass does not."""

from __future__ import annotations

import pytest

from backend.domain.errors import ArtifactError, PermanentFailure, RetryLater
from workers.base_worker import StopRequested, TimeLimitReached
from workers.handlers.no_second_try import no_second_try


@pytest.mark.parametrize(
    ("error", "words"),
    [
        (
            AssertionError("Polyline must have\n2 or more points"),
            "the report cannot be made of this data: AssertionError: Polyline must have 2 or more points",
        ),
        (TypeError("can't escape str"), "TypeError: can't escape str"),
        (UnicodeDecodeError("utf-8", b"\xe4", 0, 1, "bad"), "UnicodeDecodeError"),
        (MemoryError(), "more memory than its process may have; .*worker.child_memory_limit_mb"),
    ],
    ids=lambda value: type(value).__name__,
)
def test_what_the_data_causes_is_permanent_and_told(error: Exception, words: str) -> None:
    with pytest.raises(PermanentFailure, match=words) as failure, no_second_try("the report"):
        raise error
    assert failure.value.__cause__ is error


@pytest.mark.parametrize(
    "error",
    [
        OSError("disk full"), RetryLater("away"), ArtifactError("no room"), PermanentFailure("x"),
        StopRequested(), TimeLimitReached(),
    ],
    ids=lambda value: type(value).__name__,
)  # fmt: skip
def test_what_may_pass_goes_on_as_it_is(error: BaseException) -> None:
    with pytest.raises(type(error)) as raised, no_second_try("the report"):
        raise error
    assert raised.value is error
