"""Options that `enqueue_job` refuses, whoever calls it."""

from __future__ import annotations

import pytest

from backend.domain.errors import InvalidOption
from tests.unit.scheduler.builders import job_intake


@pytest.mark.parametrize("url", ["ftp://host/", "example.com", "https://a b", "javascript:x"])
def test_a_callback_goes_to_a_web_address_only(url: str) -> None:
    with pytest.raises(InvalidOption, match="callback_url must begin with https"):
        job_intake().check("report", {}, None, {"callback_url": url})


def test_a_callback_that_can_be_sent_is_taken() -> None:
    job = job_intake().check("report", {}, None, {"callback_url": "https://example.com/told"})

    assert job.options["callback_url"] == "https://example.com/told"
