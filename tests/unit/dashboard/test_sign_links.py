"""Each sign leads to what it is about."""

from __future__ import annotations

import pytest
from flask import Flask

from backend.dashboard.drawing.sign_links import lead_of
from backend.services.health.health_situation import Severity, Sign

HOME = "/dashboard/jobs"


@pytest.mark.parametrize(
    ("code", "subject", "leads_to"),
    [
        ("no_worker", "low:email", "/search?queue=low%3Aemail&state=queued"),
        ("backlog", "low", "/search?queue=low&state=queued"),
        ("backlog_grows", "low", "/search?queue=low&state=queued"),
        ("no_worker", "", "/workers"),
        ("worker_lost", "w9", "/workers"),
        ("stuck", "a b", "/job/a%20b"),
        ("failures", "", "/search?state=failed"),
        ("failures_grow", "", "/search?state=failed"),
        ("paused", "queue:low:email", "/queues#resume-low-email"),
        ("paused", "lane:email", "/queues#resume-lane-email"),
        ("paused", "type:charge_card", "/queues#resume-type-charge_card"),
        ("paused", "all", "/queues"),
        ("quota_used_up", "acme", "/queues#quotas"),
        ("ticks_missed", "nightly", "/schedules/nightly"),
    ],
)
def test_a_sign_leads_to_its_subject(code: str, subject: str, leads_to: str) -> None:
    with Flask("pages").test_request_context():
        lead = lead_of(Sign(code, Severity.WARNING, "…", subject))

    assert lead is not None
    assert lead.href == HOME + leads_to


@pytest.mark.parametrize("code", ["record_behind", "history_away"])
def test_what_no_page_shows_leads_nowhere(code: str) -> None:
    assert lead_of(Sign(code, Severity.CRITICAL, "…")) is None
