"""What may be said of a tenant, and how it is kept."""

from __future__ import annotations

from typing import Any

import pytest

from backend.domain.errors import InvalidOption
from backend.domain.jobs.options.quota import Quota, checked_tenant, quota_in
from backend.domain.jobs.options.rate import Rate


@pytest.mark.parametrize(
    ("quota", "text", "words"),
    [
        (Quota(5), '{"waiting":5}', "5 wait"),
        (Quota(running=4), '{"running":4}', "4 run"),
        (Quota(starts=Rate(600, 60)), '{"starts":"600/60/60"}', "600 in 60 s start"),
        (
            Quota(50_000, 40, Rate(600, 60, 5)),
            '{"waiting":50000,"running":40,"starts":"600/60/5"}',
            "50000 wait, 40 run, 600 in 60 s start",
        ),
    ],
)
def test_a_quota_is_kept_as_text_and_told_in_words(quota: Quota, text: str, words: str) -> None:
    assert (quota.text, quota.words) == (text, words)
    kept = quota_in(text)
    assert kept is not None
    assert kept.text == text


@pytest.mark.parametrize(
    "said",
    [
        {},
        {"waiting": 0},
        {"waiting": True},
        {"running": 1.5},
        {"running": 10**9},
        {"starts": Rate(5, 1, weight="size")},
        {"starts": Rate(5, 1, by="who")},
    ],
)
def test_what_could_not_be_a_quota_is_refused(said: dict[str, Any]) -> None:
    with pytest.raises(InvalidOption):
        Quota(**said)


@pytest.mark.parametrize("text", ["", "null", "7", "[]", "{}", '{"waiting":"x"}', '{"starts":"1"}'])
def test_what_a_foreign_hand_wrote_is_no_quota(text: str) -> None:
    assert quota_in(text) is None


@pytest.mark.parametrize("tenant", ["", "x" * 513, "a\nb", "a\x1fb", "a\ud800"])
def test_what_no_job_can_carry_is_no_tenant(tenant: str) -> None:
    with pytest.raises(InvalidOption, match="a tenant must be a line"):
        checked_tenant(tenant)


def test_names_may_hold_what_those_of_jobs_may() -> None:
    assert checked_tenant("Müller & Söhne: *") == "Müller & Söhne: *"
