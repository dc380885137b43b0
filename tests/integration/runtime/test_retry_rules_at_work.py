"""Rules about what is tried again hold for a handler in a thread as in a child."""

from __future__ import annotations

import pytest

from tests.eventually import eventually
from tests.integration.runtime.cluster import Cluster

#: By what the payload says: state after the first attempt (nobody promotes here), reason, class, words.
_CASES = {
    "card": ("failed", "permanent_failure", "CardDeclined", "refused"),
    "card in a group": (
        "failed",
        "permanent_failure",
        "ExceptionGroup",
        "NetError: away; CardDeclined: refused",
    ),
    "later in a group": ("scheduled", "retry_later", "RetryLater", "busy"),
    "too long": ("failed", "permanent_failure", "TimeLimitReached", "TimeLimitReached"),
    "net": ("scheduled", "exception", "NetError", "net"),
    "never": ("failed", "permanent_failure", "NetError", "never"),
    "soon": ("scheduled", "exception", "NetError", "soon"),
    "raise": ("scheduled", "exception", "NetError", "raise"),
    "nonsense": ("scheduled", "exception", "NetError", "nonsense"),
}


@pytest.mark.parametrize("job_type", ["choosy", "choosy_alone"])
@pytest.mark.parametrize("how", _CASES)
def test_a_job_is_tried_again_as_its_type_says(pool: Cluster, job_type: str, how: str) -> None:
    state, reason, error, message = _CASES[how]
    limit = {"timeout": 1} if how == "too long" else {}
    job_id = pool.platform.queue_service.enqueue_job(job_type, {"how": how}, **limit)

    eventually(lambda: pool.job(job_id).error is not None, 60)

    job = pool.job(job_id)
    assert job.error is not None
    assert (job.state, job.failures, job.attempt) == (state, 1, 1)
    assert (job.error.reason, job.error.error) == (reason, error)
    assert message in job.error.message
