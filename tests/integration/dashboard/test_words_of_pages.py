"""Pages say what is so, once, and no more of it than anybody reads."""

from __future__ import annotations

import re
from html import unescape

from backend.broker.jobs.progress_notes import RedisProgressNotes
from backend.domain.access.role import Role
from backend.domain.jobs.attempts.noted_progress import noted_text
from backend.domain.jobs.attempts.outcome import AttemptError, Outcome, OutcomeKind
from tests.e2e.puppet_worker import PuppetWorker
from tests.e2e.stage import Stage
from tests.integration.dashboard.visitor import Visitor
from tests.integration.history.databases import run

_BEGIN = "the upstream of customer 17"
_LONG = _BEGIN + " is away" * 380


def _dead(stage: Stage) -> str:
    fault = AttemptError("exception", "HTTPError", _LONG, f"Traceback\nHTTPError: {_LONG}")
    job_id = stage.platform.queue_service.enqueue_job("sync_customer", {}, max_retries=0)
    ended = Outcome(OutcomeKind.FAILED, error=fault, run_seconds=0.2)
    PuppetWorker(stage.platform, ["default"], lambda _: ended).work_off()
    return job_id


def _clamped(page: str) -> tuple[int, int]:
    """How often the long text stands on a page, and how often in full height."""
    bare = re.sub(r"<pre[^>]*>.*?</pre>", "", page, flags=re.DOTALL)
    folded = re.findall(rf'class="[^"]*\bclamp"[^>]*>(?:\s*<b>[^<]*</b>)?[^<]*{_BEGIN}', bare)
    return bare.count(_BEGIN), bare.count(_BEGIN) - len(folded)


def test_a_long_error_is_folded_wherever_it_stands(admin: Visitor, stage: Stage) -> None:
    job_id = _dead(stage)

    before = _clamped(admin.get(f"/job/{job_id}").text)
    stage.record()
    after = _clamped(admin.get(f"/job/{job_id}").text)

    assert (before, after) == ((2, 0), (2, 0))


def test_a_job_that_was_canceled_before_it_ran_never_ran(admin: Visitor, stage: Stage) -> None:
    job_id = stage.platform.queue_service.enqueue_job("sync_customer", {}, delay=3600)
    admin.send(f"/job/{job_id}/cancel", reason="not needed")
    stage.record()

    page = admin.get(f"/job/{job_id}").text

    assert "It never ran." in page
    assert "No attempt has ended yet." not in page


def test_a_finished_job_is_not_nearly_done(admin: Visitor, stage: Stage) -> None:
    jobs = stage.platform.queue_service
    job_id = jobs.enqueue_job("sync_customer", {})
    worker = PuppetWorker(stage.platform, ["default"])
    job = worker.take(job_id)
    told = noted_text({"done": 982, "total": 1000, "note": "rows"}, [])
    RedisProgressNotes(stage.platform.redis, stage.platform.keys).note(job.id, job.fence, told)
    assert "98.2" in admin.get(f"/job/{job_id}").text

    done = Outcome(OutcomeKind.FINISHED, result="{}", run_seconds=0.1)
    worker.settle([(job, done)])
    worker.close()

    assert "98.2" not in admin.get(f"/job/{job_id}").text


def test_without_a_job_nobody_is_told_that_none_matches(admin: Visitor, stage: Stage) -> None:
    run(stage.platform.history_engine, "DELETE FROM jobs")

    page, searched = admin.get("/search").text, admin.get("/search?type=charge_card").text

    assert "No job is on record yet." in page
    assert "No job matches" not in page
    assert "No job matches." in searched


def test_of_a_worker_that_is_gone_only_what_is_known_is_told(admin: Visitor, stage: Stage) -> None:
    platform = stage.platform
    PuppetWorker(platform, ["default"], name="w9").presence.register()
    platform.redis.delete(platform.keys.worker("w9"))

    page = admin.get("/workers").text

    assert "Takes away 1 record of" in page
    assert "nothing is known of it but its name" in page
    assert not re.search(r"pid 0|0 B|up since\s*–", page)


def test_what_there_is_to_choose_from_is_a_list_on_each_page(admin: Visitor) -> None:
    for address in ("/search", "/dead"):
        page = admin.get(address).text
        for name in ("type", "queue"):
            offered = re.search(rf'<select name="{name}".*?</select>', page, re.DOTALL)
            assert offered is not None, (address, name)
            assert "low:media" in offered[0] if name == "queue" else "charge_card" in offered[0]


def test_an_action_says_by_which_key_it_was_done(admin: Visitor, stage: Stage) -> None:
    made = stage.parts.keys.create("web", Role.ADMIN, by="the tests")
    Visitor(stage.app).signed_in(made.token).send("/queues/low/pause", reason="a look")

    page = " ".join(unescape(re.sub("<[^>]+>", " ", admin.get("/audit").text)).split())

    assert re.search(rf"web person key:{re.escape(made.key.id)} · admin · dashboard", page)


def test_every_instant_of_a_page_names_its_zone(admin: Visitor, stage: Stage) -> None:
    jobs = stage.platform.queue_service
    job_id = jobs.enqueue_job("sync_customer", {}, delay=3600)
    runs = jobs.enqueue_job("sync_customer", {})
    worker = PuppetWorker(stage.platform, ["default"])
    job = worker.take(runs)
    told = noted_text({"done": 1, "total": 2, "note": ""}, [(1_700_000_000_000, "info", "begun")])
    RedisProgressNotes(stage.platform.redis, stage.platform.keys).note(job.id, job.fence, told)
    worker.close()
    admin.send("/queues/low/pause", reason="a look")
    stage.record()

    for address in (f"/job/{job_id}", f"/job/{runs}", "/audit", "/search", ""):
        page = unescape(admin.get(address).text)
        bare = re.sub(r'(?:datetime|title|value)="[^"]*"', "", page)
        bare = re.sub(r"<pre.*?</pre>", "", bare, flags=re.DOTALL)
        assert re.findall(r"\d\d:\d\d:\d\d(?! UTC)", bare) == [], address
    assert "Log, 1 line, UTC" in admin.get(f"/job/{runs}").text
    # What is a hint of the mouse otherwise.
    assert re.search(r'"at": "\d{4}-\d\d-\d\dT[^"]*\+00:00"', unescape(admin.get("/audit").text))
