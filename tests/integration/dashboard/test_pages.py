"""What pages show and do, on real data."""

from __future__ import annotations

import json
import re
from datetime import timedelta

import pytest

from backend.domain.access.role import Role
from backend.domain.audit.audit_ports import AuditFilter
from backend.domain.jobs.attempts.outcome import Outcome, OutcomeKind
from backend.domain.jobs.job_state import JobState
from backend.domain.jobs.options.follow_ups import follow_up_id
from tests.e2e.puppet_worker import PuppetWorker
from tests.e2e.stage import Stage
from tests.integration.dashboard.dead_jobs import dead_jobs
from tests.integration.dashboard.visitor import Visitor


def test_each_queue_has_its_percentiles_over_each_stretch_of_time(
    stage: Stage, admin: Visitor
) -> None:
    dead_jobs(stage, 3, priority="high")

    for stretch in ("hour", "day", "week"):
        page = admin.get(f"?range={stretch}").text
        of_high = admin.get(f"?range={stretch}&queue=high").text
        of_nobody = admin.get(f"?range={stretch}&queue=nobody").text

        row = re.search(r"search\?queue=high\">high</a>.*?</tr>", page, re.DOTALL)
        assert row is not None
        cells = re.findall(r"<td[^>]*>\s*([^<]*?)\s*</td>", row[0])
        assert cells[4:6] == ["3", "3"]
        runs = [float(cell.removesuffix(" ms")) for cell in cells[-3:]]
        assert runs == pytest.approx([200] * 3, rel=0.07)
        assert 'aria-label="Attempts ended of high, ' in of_high
        assert ": 0 finished, 3 went wrong" in of_high
        assert ": 0 finished, 0 went wrong" in of_nobody


def test_secrets_are_masked_everywhere(stage: Stage, admin: Visitor) -> None:
    job_id = dead_jobs(stage)[0]

    for page in (admin.get(f"/job/{job_id}"), admin.get("/dead"), admin.get("/search")):
        assert page.status_code == 200
        assert "hush" not in page.text
    assert "[hidden]" in admin.get(f"/job/{job_id}").text


def test_a_replay_with_a_changed_payload_keeps_what_was_masked(
    stage: Stage, admin: Visitor
) -> None:
    job_id = dead_jobs(stage)[0]
    edited = json.dumps({"customer": 6, "api_key": "[hidden]"})

    answer = admin.send(f"/job/{job_id}/replay", edit="yes", payload=edited, reason="try six")

    new_id = re.search(r"/job/([\w-]+)\?", answer.location)
    assert new_id is not None
    assert new_id[1] != job_id
    job = stage.platform.queue_service.get_job(new_id[1])
    assert job.payload == {"customer": 6, "api_key": "hush"}


def test_a_mask_where_there_was_no_secret_is_refused(stage: Stage, admin: Visitor) -> None:
    job_id = dead_jobs(stage)[0]
    edited = json.dumps({"customer": 6, "second_key": "[hidden]"})

    answer = admin.send(f"/job/{job_id}/replay", edit="yes", payload=edited, reason="try six")

    assert answer.status_code == 422
    assert "had no value there to keep" in answer.text


def test_a_payload_that_is_no_json_is_refused(stage: Stage, admin: Visitor) -> None:
    job_id = dead_jobs(stage)[0]

    for text in ("{", "[1]", "null"):
        answer = admin.send(f"/job/{job_id}/replay", edit="yes", payload=text)
        assert answer.status_code == 422
    assert stage.platform.inspection.waiting("normal", 0, 10) == []


def test_every_action_is_in_the_audit_log_with_its_reason(stage: Stage, admin: Visitor) -> None:
    job_id = dead_jobs(stage)[0]

    admin.send(f"/job/{job_id}/retry", reason="the customer is back")

    rows = stage.parts.audit.search(AuditFilter(action="jobs.retry", affected_id=job_id))
    assert [(row.entry.outcome.value, row.entry.reason) for row in rows] == [
        ("done", "the customer is back")
    ]
    assert rows[0].entry.actor.channel == "dashboard"
    assert "the customer is back" in admin.get("/audit").text


def test_a_job_that_waits_for_its_time_is_run_now(stage: Stage, admin: Visitor) -> None:
    job_id = stage.platform.queue_service.enqueue_job("sync_customer", {}, delay=3600)
    assert "Run now" in admin.get(f"/job/{job_id}").text

    admin.send(f"/job/{job_id}/run", reason="the customer waits")

    page = admin.get(f"/job/{job_id}?note=hastened").text
    assert stage.platform.queue_service.get_job(job_id).state is JobState.QUEUED
    assert "Queued 1 job ahead of time." in page
    assert "Run now" not in page


def test_a_job_and_what_follows_it_lead_to_each_other(stage: Stage, admin: Visitor) -> None:
    [job_id] = dead_jobs(stage, on_failure="sync_customer", on_success="sync_customer")
    told = follow_up_id(job_id, "on_failure")

    page = admin.get(f"/job/{job_id}").text

    assert re.search(rf"<dt>On failure</dt>\s*<dd>sync_customer\s*<a[^>]*/job/{told}", page)
    assert follow_up_id(job_id, "on_success") not in page
    assert re.search(
        rf"<dt>Enqueued by</dt>\s*<dd>\s*<a[^>]*/job/{job_id}", admin.get(f"/job/{told}").text
    )


def test_what_follows_a_job_is_shown_with_its_payload_and_of_whose_end_it_is_told(
    stage: Stage, admin: Visitor
) -> None:
    asked = {"job_type": "sync_customer", "payload": {"customer": 17}}
    [job_id] = dead_jobs(stage, on_failure=asked)

    page, told = (
        admin.get(f"/job/{one}").text for one in (job_id, follow_up_id(job_id, "on_failure"))
    )

    assert re.search(r"<code>\{\s*&#34;customer&#34;: 17\s*\}</code>", page)
    assert re.search(r"<dt>Follows</dt>\s*<dd>\w+, failed in attempt \d+</dd>", told)


def test_scheduled_jobs_show_when_they_are_due(stage: Stage, admin: Visitor) -> None:
    stage.platform.queue_service.enqueue_job("sync_customer", {}, delay=7190, tags=["later"])

    page = admin.get("/search?state=scheduled&tag=later").text

    assert re.search(r'due <time datetime="[^"]+" title="[^"]+ UTC">\d{4}-', page)


@pytest.mark.parametrize(
    "address", ["/bulk/discard?all=yes", "/bulk/cancel?type=sync_customer", "/job/{}/discard",
                "/job/{}/resolve", "/queues/normal/purge"],
)  # fmt: skip
def test_what_cannot_be_taken_back_needs_a_reason(
    stage: Stage, admin: Visitor, address: str
) -> None:
    dead = dead_jobs(stage)[0]

    answer = admin.send(address.format(dead), confirm="normal")

    assert answer.status_code == 422
    assert "Say why" in answer.text
    assert stage.platform.inspection.dead_count() == 1


def test_a_discarded_job_is_not_offered_again(stage: Stage, admin: Visitor) -> None:
    job_id = dead_jobs(stage)[0]
    admin.send(f"/job/{job_id}/discard", reason="an order of ours")
    stage.record()

    page = admin.get(f"/job/{job_id}").text

    assert 'id="do-redrive"' not in page
    assert 'id="do-discard"' not in page


def test_a_result_shows_no_secret(stage: Stage, admin: Visitor) -> None:
    done = Outcome(OutcomeKind.FINISHED, result='{"api_key": "hush", "n": 1}', run_seconds=0.1)
    job_id = stage.platform.queue_service.enqueue_job("sync_customer", {"customer": 5})
    PuppetWorker(stage.platform, ["default"], lambda job: done).work_off()

    page = admin.get(f"/job/{job_id}").text

    assert "hush" not in page
    assert "&#34;n&#34;: 1" in page


def test_jobs_are_found_by_when_they_were_accepted(stage: Stage, admin: Visitor) -> None:
    job_id = stage.platform.queue_service.enqueue_job("sync_customer", {}, delay=3600)
    now = stage.platform.clock.now()
    before, after = (f"{now + timedelta(minutes=by):%Y-%m-%dT%H:%M}" for by in (-5, 5))

    assert job_id in admin.get(f"/search?since={before}&until={after}").text
    assert job_id not in admin.get(f"/search?since={after}").text
    assert job_id not in admin.get(f"/search?until={before}").text


def test_dead_jobs_and_actions_are_found_by_when_it_was(stage: Stage, admin: Visitor) -> None:
    job_id = dead_jobs(stage)[0]
    admin.send(f"/job/{job_id}/discard", reason="in good time")
    dead = dead_jobs(stage)[0]
    later = f"{stage.platform.clock.now() + timedelta(minutes=5):%Y-%m-%dT%H:%M}"

    assert f"row-{dead}" in admin.get(f"/dead?before={later}").text
    assert f"row-{dead}" not in admin.get(f"/dead?after={later}").text
    assert "in good time" in admin.get(f"/audit?before={later}").text
    assert "in good time" not in admin.get(f"/audit?after={later}").text


def test_pages_of_jobs_follow_each_other_without_gaps(stage: Stage, admin: Visitor) -> None:
    jobs = stage.platform.queue_service
    ids = {jobs.enqueue_job("charge_card", {}, delay=3600, tags=["paged"]) for _ in range(120)}
    stage.record()
    seen: list[str] = []

    address = "/search?tag=paged"
    while address:
        page = admin.get(address).text
        seen += re.findall(r'id="row-([\w-]+)"', page)
        older = re.search(r'rel="next" href="/dashboard/jobs([^"]+)"', page)
        address = older[1].replace("&amp;", "&") if older else ""

    assert len(seen) == 120
    assert set(seen) == ids


def test_what_has_not_changed_is_not_sent_again(stage: Stage, admin: Visitor) -> None:
    first = admin.get("/workers", X_Live="1")

    again = admin.get("/workers", X_Live="1", If_None_Match=first.headers["ETag"])

    assert again.status_code == 304
    assert again.data == b""


def test_a_new_key_is_shown_once(stage: Stage, admin: Visitor) -> None:
    made = admin.send("/keys", name="billing", role="producer", days="30")

    token = re.search(r"tally_key_\w+", made.text)
    assert token is not None
    assert stage.parts.keys.authenticate(token[0]).role is Role.PRODUCER
    assert made.headers["Cache-Control"] == "no-store"
    assert token[0] not in admin.get("/keys").text


def test_a_job_that_is_not_there_is_told_so_as_a_page(admin: Visitor) -> None:
    answer = admin.get("/job/nobody")

    assert answer.status_code == 404
    assert answer.content_type.startswith("text/html")


def test_the_audit_chain_can_be_verified(stage: Stage, admin: Visitor) -> None:
    admin.send("/queues/normal/pause", reason="x")

    assert "nothing was changed, removed or inserted" in admin.send("/audit").text
