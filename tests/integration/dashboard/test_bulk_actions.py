"""Groups of dead jobs, and what is done to many jobs: shown first, and no more than was shown."""

from __future__ import annotations

import html
import itertools
import re
from urllib.parse import urlencode

import pytest

from backend.domain.jobs.attempts.outcome import AttemptError, Outcome, OutcomeKind
from backend.domain.jobs.job import ClaimedJob
from backend.domain.jobs.job_state import JobState
from tests.e2e.puppet_worker import PuppetWorker
from tests.e2e.stage import Stage
from tests.eventually import eventually
from tests.integration.dashboard.dead_jobs import dead_jobs
from tests.integration.dashboard.visitor import HOME, Visitor


def test_dead_jobs_are_grouped_by_kind_of_error_and_type(stage: Stage, admin: Visitor) -> None:
    dead_jobs(stage, 3, error="Grouped")
    dead_jobs(stage, 2, "resize_image", error="Grouped")

    page = admin.get("/dead?error=Grouped").text

    groups = re.findall(
        r'data-label="Job type">(\w+)</td>\s*<td data-label="Jobs" class="n">(\d+)<', page
    )
    assert groups == [("sync_customer", "3"), ("resize_image", "2")]
    assert "no such customer" in page


def test_a_bulk_action_shows_first_and_then_acts(stage: Stage, admin: Visitor) -> None:
    ids = dead_jobs(stage, 3)
    address = "/bulk/redrive?error=KeyError&type=sync_customer"

    preview = admin.led(address).text
    assert "Redrive 3 jobs" in preview
    assert set(stage.platform.inspection.waiting("normal", 0, 10)) == set()
    answer = admin.send(address, reason="fixed")

    assert answer.location == "/dashboard/jobs/dead?note=queued&n=3"
    assert set(stage.platform.inspection.waiting("normal", 0, 10)) == set(ids)


def test_every_group_can_be_asked_for_however_many_there_are(stage: Stage, admin: Visitor) -> None:
    kinds = itertools.count()

    def fail(job: ClaimedJob) -> Outcome:
        fault = AttemptError("exception", f"Kind{next(kinds)}", "each its own", "")
        return Outcome(OutcomeKind.FAILED, error=fault, run_seconds=0.2)

    jobs = stage.platform.queue_service
    for _ in range(103):
        jobs.enqueue_job("sync_customer", {}, max_retries=0)
    PuppetWorker(stage.platform, ["default"], fail).work_off()
    stage.record()

    assert "The first 100 of 1" in admin.get("/dead").text
    assert "<b>Kind0</b>" in admin.get("/dead?kind=Kind0").text
    assert "No group matches." in admin.get("/dead?kind=Nothing").text


def test_what_a_search_shows_is_what_is_redriven(stage: Stage, admin: Visitor) -> None:
    meant = dead_jobs(stage, 2, tags=["vip"], tenant="acme")
    dead_jobs(stage, 1, tags=["vip"])
    page = admin.get("/search?state=failed&tag=vip&tenant=acme").text
    [address] = re.findall(r'href="([^"]*/bulk/redrive[^"]*)"', page)

    shown = html.unescape(address).partition(HOME)[2]
    assert "Redrive 2 jobs" in admin.led(shown).text
    admin.send(shown, reason="the customer is back")

    assert set(stage.platform.inspection.waiting("normal", 0, 10)) == set(meant)


def test_all_that_wait_for_their_time_are_run_as_shown(stage: Stage, admin: Visitor) -> None:
    jobs = stage.platform.queue_service
    meant = [jobs.enqueue_job("sync_customer", {}, delay=3600, tags=["late"]) for _ in range(2)]
    other = jobs.enqueue_job("sync_customer", {}, delay=3600)
    page = admin.get("/search?state=scheduled&tag=late").text
    [address] = re.findall(r'href="([^"]*/bulk/run[^"]*)"', page)

    shown = html.unescape(address).partition(HOME)[2]
    assert "Run 2 jobs" in admin.led(shown).text
    answer = admin.send(shown, reason="the customer is back")

    assert "note=hastened&n=2" in answer.location
    assert set(stage.platform.inspection.waiting("normal", 0, 10)) == set(meant)
    assert jobs.get_job(other).state is JobState.SCHEDULED


def test_jobs_that_were_only_asked_to_stop_are_not_called_canceled(
    stage: Stage, admin: Visitor
) -> None:
    jobs = stage.platform.queue_service
    runs = [jobs.enqueue_job("sync_customer", {}, tags=["all"]) for _ in range(2)]
    worker = PuppetWorker(stage.platform, ["default"])
    assert {job.id for job in worker.claim(2)} == set(runs)
    worker.close()
    jobs.enqueue_job("sync_customer", {}, tags=["all"])
    assert "end when they listen" in admin.led("/bulk/cancel?tag=all").text

    both = admin.send("/bulk/cancel?tag=all", reason="a mistake").location.partition(HOME)[2]
    alone = admin.send(f"/bulk/cancel?id={runs[0]}", reason="again").location.partition(HOME)[2]

    assert (
        "Canceled 1 job, asked 2 jobs to stop; a running job ends when it listens."
        in admin.get(both).text
    )
    assert "Asked 1 job to stop; a running job ends when it listens." in admin.get(alone).text


def test_what_comes_after_the_preview_is_not_touched(stage: Stage, admin: Visitor) -> None:
    jobs = stage.platform.queue_service
    seen = jobs.enqueue_job("sync_customer", {}, delay=3600, tags=["wrong"])
    shown = admin.get("/bulk/cancel?tag=wrong&within=hour").location.partition(HOME)[2]
    assert {"since", "until"} <= set(re.findall(r"[?&](\w+)=", shown))
    assert "Cancel 1 job" in admin.get(shown).text

    later = jobs.enqueue_job("sync_customer", {}, delay=3600, tags=["wrong"])
    admin.send(shown, reason="a mistake")

    assert jobs.get_job(seen).state is JobState.CANCELED
    assert jobs.get_job(later).state is JobState.SCHEDULED


def test_a_beginning_alone_gets_its_end_from_the_preview(stage: Stage, admin: Visitor) -> None:
    shown = admin.get("/bulk/cancel?since=2026-01-01T00:00")

    assert "until=" in shown.location


def test_a_stretch_of_time_and_an_end_go_together(stage: Stage, admin: Visitor) -> None:
    stage.platform.queue_service.enqueue_job("sync_customer", {}, delay=3600, tags=["both"])

    shown = admin.get("/bulk/cancel?tag=both&within=day&until=2999-01-01T00:00:00").location

    assert set(re.findall(r"[?&](\w+)=", shown)) == {"tag", "until", "since"}
    assert "until=2999-01-01T00" in shown
    assert "Cancel 1 job" in admin.get(shown.partition(HOME)[2]).text


def _preview(page: str, action: str, job_id: str) -> str:
    """Where the button of a list leads when one job is ticked."""
    [list_address] = re.findall(r'<input type="hidden" name="from" value="([^"]*)">', page)
    return f"/bulk/{action}?{urlencode({'from': html.unescape(list_address), 'id': job_id})}"


def test_a_list_in_which_jobs_were_ticked_is_come_back_to_as_it_was(
    stage: Stage, admin: Visitor
) -> None:
    waits = stage.platform.queue_service.enqueue_job("sync_customer", {}, delay=60, tags=["a&b"])
    dead = dead_jobs(stage, 1, error="Ticked")[0]
    of_jobs, of_dead = "/search?tag=a%26b&state=scheduled", "/dead?type=sync_customer&error=Ticked"
    for address, action, job_id, note in (
        (of_jobs, "cancel", waits, "canceled"),
        (of_dead, "redrive", dead, "queued"),
    ):
        preview = _preview(admin.get(f"{address}&note=paused").text, action, job_id)
        page = admin.get(preview).text

        assert f'href="{HOME}{html.escape(address)}"' in page
        assert "from:" not in page
        assert admin.send(preview, reason="why").location == f"{HOME}{address}&note={note}&n=1"


@pytest.mark.parametrize("wanted", ["https://evil.invalid/search", "/keys", f"{HOME}/keys", "//x"])
def test_a_preview_leads_back_to_no_other_place_than_a_list(admin: Visitor, wanted: str) -> None:
    preview = f"/bulk/cancel?{urlencode({'from': wanted, 'id': 'none-such'})}"

    assert f'<a class="button" href="{HOME}/search">Back</a>' in admin.get(preview).text
    assert admin.get(f"/bulk/cancel?{urlencode({'from': wanted})}").location == f"{HOME}/search"


def test_a_group_is_redriven_and_nothing_that_only_mentions_its_error(
    stage: Stage, admin: Visitor
) -> None:
    meant = dead_jobs(stage, 2, error="KeyError")
    dead_jobs(stage, 1, error="WrappedKeyError")
    page = admin.get("/dead").text
    [address] = set(re.findall(r'href="([^"]*/bulk/redrive[^"]*kind=KeyError&[^"]*)"', page))

    preview = admin.led(html.unescape(address).partition(HOME)[2])

    assert "Redrive 2 jobs" in preview.text
    assert all(job_id in preview.text for job_id in meant)


def test_groups_are_of_the_queue_that_is_asked_for(stage: Stage, admin: Visitor) -> None:
    dead_jobs(stage, 2, error="OfAQueue")
    dead_jobs(stage, 1, error="OfAQueue", priority="low")

    page = admin.get("/dead?queue=low&error=OfAQueue").text

    assert re.findall(r'data-label="Jobs" class="n">(\d+)<', page) == ["1"]
    assert "kind=OfAQueue&amp;type=sync_customer&amp;queue=low" in page


def _now(stage: Stage) -> str:
    return stage.platform.clock.now().isoformat(timespec="milliseconds").replace("+00:00", "Z")


def test_groups_and_what_is_done_to_them_are_of_the_dates_and_the_text_asked_for(
    stage: Stage, admin: Visitor
) -> None:
    dead_jobs(stage, 2, error="OfADay", message="the disk is full")
    died = _now(stage)
    between = eventually(lambda: (now := _now(stage)) > died and now)
    late = dead_jobs(stage, 1, error="OfADay", message="the network is down")

    def shown(conditions: str) -> list[str]:
        page = admin.get(f"/dead?kind=OfADay&{conditions}").text
        return re.findall(r'data-label="Jobs" class="n">(\d+)<', page)

    assert shown("") == ["3"]
    assert shown(f"after={between}") == ["1"]
    assert shown(f"before={between}") == ["2"]
    assert shown("after=2999-01-01T00:00") == []
    assert shown("error=DISK is") == ["2"]

    page = admin.get(f"/dead?after={between}&error=network").text
    [address] = set(re.findall(r'href="([^"]*/bulk/discard\?kind[^"]*)"', page))
    preview = admin.led(html.unescape(address).partition(HOME)[2]).text
    assert "Discard 1 job" in preview
    assert late[0] in preview


def test_only_those_chosen_jobs_are_counted_that_would_be_touched(
    stage: Stage, admin: Visitor
) -> None:
    dead = dead_jobs(stage)[0]
    waiting = stage.platform.queue_service.enqueue_job("sync_customer", {}, delay=3600)

    assert "Redrive 1 job" in admin.get(f"/bulk/redrive?id={dead}&id={waiting}").text
    assert "Cancel 1 job" in admin.get(f"/bulk/cancel?id={dead}&id={waiting}").text


def test_a_bulk_action_without_conditions_touches_nothing(stage: Stage, admin: Visitor) -> None:
    dead_jobs(stage, 2)

    assert admin.send("/bulk/redrive").status_code == 422
    assert admin.led("/bulk/redrive?state=failed").status_code == 422
    assert admin.send("/bulk/cancel").status_code == 422
    assert stage.platform.inspection.dead_count() == 2


def test_a_condition_that_an_action_does_not_know_is_refused(stage: Stage, admin: Visitor) -> None:
    job_id = dead_jobs(stage)[0]

    answer = admin.send("/bulk/redrive?type=sync_customer&colour=red", reason="x")

    assert answer.status_code == 422
    assert "cannot be limited by colour" in answer.text
    assert stage.platform.queue_service.get_job(job_id).state is JobState.FAILED


def test_jobs_that_wait_to_be_tried_again_are_canceled_by_their_error(
    stage: Stage, admin: Visitor
) -> None:
    jobs = stage.platform.queue_service
    other = jobs.enqueue_job("sync_customer", {}, delay=3600)
    retried = jobs.enqueue_job("sync_customer", {})
    fault = AttemptError("exception", "KeyError", "no such customer", "Traceback")
    outcome = Outcome(OutcomeKind.RETRIED, error=fault, run_seconds=0.2, delay=600)
    PuppetWorker(stage.platform, ["default"], lambda job: outcome, "w9").work_off()

    for asked in ("text=such customer", "worker=w9"):
        assert "Cancel 1 job" in admin.led(f"/bulk/cancel?state=scheduled&{asked}").text
    admin.send("/bulk/cancel?state=scheduled&text=such customer", reason="the customer left")

    assert jobs.get_job(retried).state is JobState.CANCELED
    assert jobs.get_job(other).state is JobState.SCHEDULED


def test_a_queue_is_emptied_only_with_its_name(stage: Stage, admin: Visitor) -> None:
    jobs = stage.platform.queue_service
    for _ in range(3):
        jobs.enqueue_job("sync_customer", {})

    assert "cancels 3 jobs" in admin.get("/queues/normal/purge").text
    assert admin.send("/queues/normal/purge", confirm="high").status_code == 422
    assert len(stage.platform.inspection.waiting("normal", 0, 10)) == 3
    answer = admin.send("/queues/normal/purge", confirm="normal", reason="test data")

    assert answer.location == "/dashboard/jobs/queues?note=purged&n=3"
    assert stage.platform.inspection.waiting("normal", 0, 10) == []
