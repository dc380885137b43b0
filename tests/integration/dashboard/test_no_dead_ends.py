"""A mistake leads to the same page with it beside the field; what cannot be shown leaves a way on."""

from __future__ import annotations

import re
from html import escape, unescape
from urllib.parse import urlencode

import pytest

from backend.domain.access.actor import Actor
from backend.domain.access.role import Role
from tests.e2e.puppet_worker import PuppetWorker
from tests.e2e.stage import BOOTSTRAP, Stage
from tests.integration.dashboard.dead_jobs import dead_jobs
from tests.integration.dashboard.visitor import HOME, Visitor

_MISTAKE = re.compile(r'<span class="mistake">([^<]*)</span>')
_ALERT = re.compile(r'role="alert">([^<]*)<')


def _mistakes(page: str) -> list[str]:
    return [unescape(words) for words in _MISTAKE.findall(page)]


def test_a_search_that_cannot_be_says_so_beside_its_field(admin: Visitor) -> None:
    answer = admin.get("/search?text=ab&type=charge_card")

    assert answer.status_code == 422
    assert _mistakes(answer.text) == ["Text in errors is searched from 3 characters on."]
    assert 'name="text" value="ab"' in answer.text
    assert "<option selected>charge_card</option>" in answer.text
    assert 'aria-label="Pages"' in answer.text
    assert "Jobs found" not in answer.text
    assert _ALERT.findall(answer.text) == ["Nothing is listed until this is corrected."]


@pytest.mark.parametrize(
    "address", ["/search?since=yesterday", "/dead?after=yesterday", "/audit?after=yesterday"]
)
def test_an_instant_that_is_none_is_marked(admin: Visitor, address: str) -> None:
    answer = admin.get(address)

    assert answer.status_code == 422
    assert _mistakes(answer.text) == ["Must be an instant such as 2026-01-27T08:30:00Z."]


@pytest.mark.parametrize(
    ("address", "list_id", "clear"),
    [
        ("/search?state=dead", "rows", True),
        ("/search?type=a%09b", "rows", True),
        ("/search?queue=a%09b", "rows", True),
        ("/search?cursor=none", "rows", True),
        ("/dead?queue=a%09b", "dead-rows", True),
        ("/dead?cursor=none", "dead-rows", True),
        ("/audit?affected_id=nightly report", "audit-rows", True),
        ("/audit?cursor=none", "audit-rows", True),
        ("/schedules/of-pages?outcome=well", "none", False),
        ("/schedules/of-pages?before=now", "none", False),
    ],
)
def test_where_nothing_is_to_be_listed_the_mistake_is_marked_and_nothing_is(
    admin: Visitor, stage: Stage, address: str, list_id: str, clear: bool
) -> None:
    by = Actor("the tests", Role.OPERATOR)
    stage.parts.schedules.create("of-pages", "sync_customer", {}, by=by, cron="0 3 * * *")
    stage.parts.schedules.run_now("of-pages", by=by)
    dead_jobs(stage, 1)
    admin.send("/queues/low/pause", reason="a look")

    answer = admin.get(address)

    assert answer.status_code == 422
    assert _ALERT.findall(answer.text) == ["Nothing is listed until this is corrected."]
    assert len(_mistakes(answer.text)) == 1
    assert f'id="{list_id}"' not in answer.text
    assert "/bulk/" not in answer.text
    assert 'rel="next"' not in answer.text
    assert 'data-label="Planned"' not in answer.text
    assert (">Clear</a>" in answer.text) == clear


def test_a_schedule_without_a_tick_of_an_outcome_has_others(admin: Visitor, stage: Stage) -> None:
    by = Actor("the tests", Role.OPERATOR)
    stage.parts.schedules.create("of-pages", "sync_customer", {}, by=by, cron="0 3 * * *")

    assert "No tick yet." in admin.get("/schedules/of-pages").text
    assert "No tick has this outcome." in admin.get("/schedules/of-pages?outcome=missed").text


def test_a_schedule_that_cannot_be_keeps_what_was_typed(admin: Visitor) -> None:
    answer = admin.send(
        "/schedules", name="nightly", job_type="charge_card", cron="61 * * * *", payload='{"a": 1}',
        time_zone="Europe/Berlin", reason="a trial",
    )  # fmt: skip

    assert answer.status_code == 422
    assert len(_mistakes(answer.text)) == 1
    for field, typed in (
        ("name", "nightly"),
        ("cron", "61 * * * *"),
        ("time_zone", "Europe/Berlin"),
    ):
        assert re.search(f'name="{field}"[^>]* value="{re.escape(typed)}"', answer.text), field
    assert "<option selected>charge_card</option>" in answer.text
    assert '<details id="new" open>' in answer.text
    assert f'data-here="{HOME}/schedules"' in answer.text
    assert 'data-refresh="0"' in answer.text


def test_a_payload_that_is_no_json_is_marked_and_kept(admin: Visitor) -> None:
    answer = admin.send(
        "/schedules", name="nightly", job_type="charge_card", cron="@daily", payload='{"a": 1,}'
    )

    assert answer.status_code == 422
    assert len(_mistakes(answer.text)) == 1
    assert unescape(answer.text).count('{"a": 1,}</textarea><span class="mistake">') == 1


def test_an_action_that_comes_too_late_is_told_on_the_page_of_its_job(
    admin: Visitor, stage: Stage
) -> None:
    jobs = stage.platform.queue_service
    job_id = jobs.enqueue_job("sync_customer", {})
    admin.send(f"/job/{job_id}/cancel", reason="first")

    answer = admin.send(f"/job/{job_id}/cancel", reason="too slow")

    assert answer.status_code == 409
    assert 'class="state canceled"' in answer.text
    assert _ALERT.findall(answer.text)[0].startswith("Nothing was done. ")


def test_a_reason_that_is_missing_is_asked_for_where_it_belongs(
    admin: Visitor, stage: Stage
) -> None:
    (job_id,) = dead_jobs(stage, 1)

    answer = admin.send(f"/job/{job_id}/discard")

    assert answer.status_code == 422
    assert re.search(r'<details class="act" id="do-discard"\s+open>', answer.text)
    assert _mistakes(answer.text) == ["Say why: it is kept in the history and the audit log."]


def test_what_was_chosen_beside_a_missing_reason_is_still_chosen(
    admin: Visitor, stage: Stage
) -> None:
    jobs = stage.platform.queue_service
    runs = jobs.enqueue_job("sync_customer", {})
    PuppetWorker(stage.platform, ["default"]).take(runs)
    waits = jobs.enqueue_job("sync_customer", {})
    key = stage.parts.keys.create("leaked", Role.VIEWER, by="the tests").key
    wrong = "a\tb"

    hard = admin.send(f"/job/{runs}/cancel", force="on")
    soft = admin.send(f"/job/{runs}/cancel", reason=wrong)
    moved = admin.send(f"/job/{waits}/move", priority="low", front="on", reason=wrong)
    replaced = admin.send(f"/keys/{key.id}/rotate", overlap="0", reason=wrong)

    assert {each.status_code for each in (hard, soft, moved, replaced)} == {422}
    assert re.search(r'name="force"\s+checked', hard.text)
    assert re.search(r'name="force"(?!\s+checked)', soft.text)
    assert re.search(r'name="front"\s+checked', moved.text)
    assert re.findall(r"<option\s+selected>([^<]*)<", moved.text) == ["low"]
    assert re.search(r'<option value="0"\s+selected>no longer<', replaced.text)


def test_a_mistake_in_a_menu_leaves_the_payload_that_is_offered_to_be_edited(
    admin: Visitor, stage: Stage
) -> None:
    (job_id,) = dead_jobs(stage, 1)

    of_menu = admin.send(f"/job/{job_id}/retry", reason="a\tb").text
    of_form = admin.send(f"/job/{job_id}/retry", edit="yes", payload="{", reason="x").text

    offered = r'<details id="again-form"( open)?>.*?<textarea[^>]*>([^<]*)</textarea>'
    [(is_open, payload)] = re.findall(offered, of_menu, re.DOTALL)
    assert not is_open
    assert '"customer": 5' in unescape(payload)
    assert re.findall(offered, of_form, re.DOTALL) == [(" open", "{")]


def test_no_way_leads_to_a_page_that_would_refuse_whoever_goes_it(stage: Stage) -> None:
    bound = Visitor(stage.app).signed_in(stage.token(Role.OPERATOR, tenant="blue"))

    for page in (bound.get("/queues"), bound.get("/nowhere"), bound.get("/search")):
        ways = re.findall(r'<a class="(?:brand|button[^"]*)" href="([^"]*)"', page.text)
        assert f"{HOME}/search" in ways
        assert {bound.browser.get(way).status_code for way in ways} == {200}


def test_what_is_not_there_leaves_the_way_to_every_page(admin: Visitor) -> None:
    for address, headline in (
        ("/nowhere", "Nothing is here"),
        ("/job/none-such", "There is no such job"),
        ("/schedules/none", "There is no such schedule"),
    ):
        answer = admin.get(address)
        assert answer.status_code == 404
        assert f"<h1>{headline}</h1>" in answer.text
        assert 'aria-label="Pages"' in answer.text
        assert f'href="{HOME}/search">Jobs</a>' in answer.text


def test_who_has_not_signed_in_is_led_there_from_a_page_that_is_not(stranger: Visitor) -> None:
    answer = stranger.get("/nowhere")

    assert answer.status_code == 404
    assert f'href="{HOME}/sign-in">Sign in</a>' in answer.text
    assert 'aria-label="Pages"' not in answer.text


def test_an_action_whose_session_has_ended_leads_back_to_the_page_of_its_form(
    stranger: Visitor,
) -> None:
    answer = stranger.browser.post(f"{HOME}/job/some-job/cancel", data={"reason": "x"})

    assert answer.headers["Location"] == f"{HOME}/sign-in?next=%2Fdashboard%2Fjobs%2Fjob%2Fsome-job"
    assert stranger.browser.post(f"{HOME}/types/t/pause").headers["Location"].endswith("%2Fqueues")


def test_a_selection_outlives_a_mistake_and_the_end_of_a_session(
    admin: Visitor, stranger: Visitor
) -> None:
    selection = "?type=charge_card&until=2999-01-01T00:00:00"

    mistaken = admin.send(f"/bulk/cancel{selection}")
    ended = stranger.browser.post(f"{HOME}/bulk/cancel{selection}", data={"reason": "x"})

    assert mistaken.status_code == 422
    assert f'data-here="{HOME}/bulk/cancel{escape(selection)}"' in mistaken.text
    assert (
        ended.location == f"{HOME}/sign-in?{urlencode({'next': f'{HOME}/bulk/cancel{selection}'})}"
    )


def test_the_audit_log_is_verified_and_a_key_made_on_the_page_as_it_is(admin: Visitor) -> None:
    for address, form in (
        ("/audit?actor=ada", "Verify"), ("/keys?revoked=yes", "Make key"), ("/keys", "Make key"),
    ):  # fmt: skip
        page = admin.get(address).text
        head = page[: page.index(form)]
        action = re.findall(r'<form[^>]*method="post" action="([^"]*)"', head)[-1]
        assert action == HOME + address

    verified = admin.send("/audit?actor=ada").text
    made = admin.send("/keys?revoked=yes", name="one", role="viewer", days="1").text

    assert 'name="actor" value="ada"' in verified
    assert f'data-here="{HOME}/audit?actor=ada"' in verified
    assert "Hide revoked ones" in made


def test_a_mistake_never_shows_a_page_that_one_may_not_see(stage: Stage) -> None:
    producer = Visitor(stage.app).signed_in(stage.token(Role.PRODUCER, tenant="blue"))

    assert producer.send("/types/charge_card/limit", limit="many").status_code == 403


def test_the_way_out_of_a_cancellation_does_not_bear_its_name(admin: Visitor, stage: Stage) -> None:
    job_id = stage.platform.queue_service.enqueue_job("sync_customer", {})

    page = admin.get(f"/job/{job_id}").text

    form = page[page.index('id="do-cancel"') :].partition("</form>")[0]
    assert re.findall(r"<button[^>]*>([^<]*)</button>", form) == ["Cancel the job", "Keep it"]


def test_back_from_a_preview_is_the_list_as_it_was(admin: Visitor) -> None:
    page = admin.led("/bulk/cancel?type=charge_card&state=queued").text

    assert re.search(
        rf'href="{HOME}/search\?type=charge_card&amp;state=queued&amp;until=[^"]*">Back</a>', page
    ) or re.search(rf'href="{HOME}/search\?type=charge_card[^"]*state=queued[^"]*">Back</a>', page)


def test_a_new_key_is_made_once_however_often_the_page_is_loaded_anew(admin: Visitor) -> None:
    answer = admin.send("/keys", name="one", role="viewer", days="1")

    assert answer.status_code == 200
    assert f'data-here="{HOME}/keys"' in answer.text
    assert BOOTSTRAP not in answer.text


def test_a_text_that_would_turn_a_page_around_is_written_out(admin: Visitor, stage: Stage) -> None:
    job_id = stage.platform.queue_service.enqueue_job(
        "sync_customer", {"name": "user\u202egnp.exe"}, tags=["a\u2066b"]
    )

    page = admin.get(f"/job/{job_id}").text

    assert "\u202e" not in page
    assert "\u2066" not in page
    assert r"user\u202egnp.exe" in page
    assert r"a\u2066b" in page
