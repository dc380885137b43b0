"""Pages that change while somebody reads, points or types."""

from __future__ import annotations

from typing import Any

import pytest

from backend.broker.jobs.progress_notes import RedisProgressNotes
from backend.domain.access.actor import Actor
from backend.domain.access.role import Role
from backend.domain.jobs.attempts.noted_progress import noted_text
from tests.e2e.browser import sign_in
from tests.e2e.live_jobs import (
    HELD,
    LISTEN,
    NOTICE,
    attempted,
    ended_well,
    given_up,
    later_job,
    open_job,
    redrive,
    second_attempt,
    thorough,
    wait_a_second,
    waiting_job,
)
from tests.e2e.puppet_worker import PuppetWorker
from tests.e2e.stage import BOOTSTRAP, Stage

pytestmark = pytest.mark.usefixtures("policy_kept")

# Focus


def test_focus_stays_on_its_row_when_another_comes_in_above(page: Any, stage: Stage) -> None:
    first = later_job(stage, "focus")
    page.goto(f"{stage.url}/search?tag=focus")
    page.focus(f"#row-{first} a.id")

    second = later_job(stage, "focus")
    page.wait_for_selector(f"{HELD}, #row-{second}")

    page.keyboard.press("Enter")
    page.wait_for_url(f"**/job/{first}")


@thorough
def test_focus_is_found_again_by_what_it_was_on_not_by_its_place(
    page: Any, stage: Stage, worker: PuppetWorker
) -> None:
    job_id = attempted(page, stage, worker)
    page.focus("#trace-1-1 summary")

    second_attempt(page, worker, job_id)

    assert page.evaluate("document.activeElement.parentElement.id") == "trace-1-1"


# Sections that come and go


def test_the_result_appears_with_the_title_when_a_job_finishes(
    page: Any, stage: Stage, worker: PuppetWorker
) -> None:
    job_id = waiting_job(stage)
    page.goto(f"{stage.url}/job/{job_id}")
    assert page.locator("#result").is_hidden()
    assert "queued" in page.title()

    worker.work_off()

    page.wait_for_selector(f"#result >> text={job_id}")
    page.wait_for_selector("#again", state="visible")
    page.wait_for_selector("#timeline >> text=finished")
    assert "finished" in page.title()
    shown = page.eval_on_selector_all(
        ".split > .stack:first-child > section:not([hidden])", "all => all.map(each => each.id)"
    )
    assert shown == ["now", "attempts", "payload", "result", "again"]


@thorough
def test_what_no_longer_applies_vanishes(page: Any, stage: Stage, worker: PuppetWorker) -> None:
    worker.act = given_up
    job_id = waiting_job(stage)
    worker.work_off()
    open_job(page, stage, job_id)
    page.wait_for_selector("#again", state="visible")

    redrive(stage, job_id)

    page.wait_for_selector("h1 .state.queued")
    page.wait_for_selector("#again", state="hidden")


# Reading


def test_a_scrolled_traceback_stays_where_it_is_read(
    page: Any, stage: Stage, worker: PuppetWorker
) -> None:
    job_id = attempted(page, stage, worker)
    page.evaluate("document.querySelector('#trace-1-1 pre').scrollTop = 400")

    second_attempt(page, worker, job_id)

    assert page.evaluate("document.querySelector('#trace-1-1').open")
    assert page.evaluate("document.querySelector('#trace-1-1 pre').scrollTop") == 400
    assert page.evaluate("document.querySelector('#trace-2-2 pre').scrollTop") == 0


@thorough
def test_what_is_ticked_stays_ticked_when_what_is_new_is_shown(page: Any, stage: Stage) -> None:
    first, other = later_job(stage, "ticked"), later_job(stage, "ticked")
    page.goto(f"{stage.url}/search?tag=ticked")
    page.check(f"input[value='{first}']")
    second = later_job(stage, "ticked")

    page.click("[data-release]")
    page.wait_for_selector(f"#row-{second}")

    assert page.is_checked(f"input[value='{first}']")
    assert not page.is_checked(f"input[value='{other}']")
    assert not page.is_checked(f"input[value='{second}']")
    assert page.is_enabled("text=Cancel selected")
    assert page.locator("[data-held]").is_hidden()


def test_who_comes_back_from_a_preview_finds_the_same_jobs_ticked(page: Any, stage: Stage) -> None:
    other, first = later_job(stage, "back"), later_job(stage, "back")
    page.goto(f"{stage.url}/search?tag=back")
    page.check(f"input[value='{first}']")
    page.click("text=Cancel selected")
    page.wait_for_url("**/bulk/cancel?*")
    # It takes the first place.
    second = later_job(stage, "back")

    page.go_back()
    page.wait_for_selector(f"#row-{second}")

    ticked = page.eval_on_selector_all("[name=id]:checked", "all => all.map(each => each.value)")
    assert ticked == [first]
    assert page.is_enabled("text=Cancel selected")
    page.check(f"input[value='{other}']")
    page.click("text=Cancel selected")
    assert page.text_content("h1").strip() == "Cancel 2 jobs"
    assert page.locator("main >> text=" + second).count() == 0


@thorough
def test_times_go_on_in_rows_that_hold_still_and_no_note_says_there_is_more(
    page: Any, stage: Stage
) -> None:
    job_id = later_job(stage, "clock")
    page.goto(f"{stage.url}/search?tag=clock")
    page.check(f"input[value='{job_id}']")
    time = f"#row-{job_id} td[data-label=Accepted] time"
    page.evaluate("id => { document.getElementById(id).isTheOne = true }", f"row-{job_id}")
    page.evaluate(LISTEN)

    for _ in range(2):
        wait_a_second(page, time)
        assert page.locator("[data-held]").is_hidden()

    assert page.evaluate("id => document.getElementById(id).isTheOne", f"row-{job_id}")
    assert page.evaluate("said") == []


@thorough
def test_times_go_on_in_rows_that_hold_still_while_there_is_more(page: Any, stage: Stage) -> None:
    job_id = later_job(stage, "clock-held")
    page.goto(f"{stage.url}/search?tag=clock-held")
    page.check(f"input[value='{job_id}']")
    later_job(stage, "clock-held")
    page.wait_for_selector(HELD)

    wait_a_second(page, f"#row-{job_id} td[data-label=Accepted] time")

    assert page.is_visible(HELD)


# What somebody is at


@thorough
def test_a_selection_over_several_parts_is_never_lost(
    page: Any, stage: Stage, worker: PuppetWorker
) -> None:
    open_job(page, stage, waiting_job(stage))
    page.wait_for_function("document.querySelector('#attempts .empty')")
    selected = page.evaluate("""() => {
      const [from, to] = ["#payload pre", "#now .why"].map(each => document.querySelector(each));
      getSelection().setBaseAndExtent(from.firstChild, 3, to.firstChild, 2);
      return String(getSelection());
    }""")

    worker.work_off()
    page.wait_for_selector(HELD)
    page.wait_for_selector("h1 .state.finished")

    assert page.evaluate("String(getSelection())") == selected
    page.evaluate("getSelection().removeAllRanges()")
    page.wait_for_selector("#now >> text=Done")


def test_an_open_menu_and_a_reason_typed_in_it_are_never_lost(
    page: Any, stage: Stage, worker: PuppetWorker
) -> None:
    open_job(page, stage, waiting_job(stage))
    page.click("#do-cancel summary")
    page.fill("#do-cancel input[name=reason]", "ordered twice")

    worker.work_off()
    page.wait_for_selector(HELD)
    page.wait_for_selector("#now >> text=Done")
    assert page.input_value("#do-cancel input[name=reason]") == "ordered twice"

    # Not even when the menu is closed again, for a look at something else.
    page.keyboard.press("Escape")
    page.wait_for_selector("#result")
    assert page.input_value("#do-cancel input[name=reason]") == "ordered twice"
    page.click("[data-release]")
    page.wait_for_selector("h1 .state.finished")


def test_the_heading_of_a_job_goes_on_while_one_of_its_menus_is_open(
    page: Any, stage: Stage, worker: PuppetWorker
) -> None:
    open_job(page, stage, waiting_job(stage))
    page.click("#do-cancel summary")

    worker.work_off()

    page.wait_for_selector("h1 .state.finished")
    page.wait_for_selector(f"{HELD} >> text=What you are at stays as it was.")
    assert page.locator("#do-cancel[open]").count() == 1


@thorough
def test_a_payload_that_is_being_edited_is_never_lost(
    page: Any, stage: Stage, worker: PuppetWorker
) -> None:
    worker.act = given_up
    job_id = waiting_job(stage)
    worker.work_off()
    open_job(page, stage, job_id)
    page.click("#again summary")
    page.fill("#again textarea", '{"n": 2}')
    page.evaluate("document.activeElement.blur()")

    redrive(stage, job_id)
    page.wait_for_selector("h1 .state.queued")

    assert page.input_value("#again textarea") == '{"n": 2}'
    assert page.is_visible("#again textarea")


def test_a_reason_that_is_being_typed_outlives_the_end_of_a_session(
    context: Any, stage: Stage
) -> None:
    job_id = later_job(stage, "session")
    page = context.new_page()
    sign_in(page, stage.url, BOOTSTRAP)
    open_job(page, stage, job_id)
    page.click("#do-cancel summary")
    page.fill("#do-cancel input[name=reason]", "ordered twice")

    context.clear_cookies()
    page.wait_for_selector(f"{NOTICE} >> text=Your session has ended")
    sign_in(context.new_page(), stage.url, BOOTSTRAP)
    page.wait_for_selector(NOTICE, state="detached")
    page.click("#do-cancel form button")

    page.wait_for_selector("h1 .state.canceled")
    page.wait_for_selector("#timeline >> text=ordered twice")


@thorough
def test_an_open_menu_stays_with_its_worker_when_another_comes_in_above(
    page: Any, stage: Stage
) -> None:
    mine = PuppetWorker(stage.platform, ["email"], name="b-mine").presence
    other = PuppetWorker(stage.platform, ["email"], name="a-other").presence
    mine.register()
    page.goto(f"{stage.url}/workers")
    menu = "#worker-rows details.act:has(form[action*='b-mine'])"
    page.click(f"{menu} summary")
    page.fill(f"{menu} input[name=reason]", "it is old")

    other.register()
    page.wait_for_selector(HELD)
    page.click("[data-release]")
    page.wait_for_selector("#worker-rows >> text=a-other")
    mine.unregister()
    other.unregister()

    assert page.is_visible(f"{menu} input[name=reason]")
    assert page.input_value(f"{menu} input[name=reason]") == "it is old"
    assert page.locator("#worker-rows details.act[open]").count() == 1


@thorough
def test_an_open_menu_stays_with_its_destination_when_one_above_it_goes(
    page: Any, stage: Stage
) -> None:
    by, breakers = Actor("somebody else", Role.OPERATOR), stage.parts.breakers
    first, mine, last = (f"webhook:{name}.example.com:443" for name in ("first", "mine", "last"))
    for destination in (first, mine, last):
        breakers.open(destination, by=by)
    page.goto(f"{stage.url}/queues")
    menu = f"#breakers details.act:has(input[value='{mine}'])"
    page.click(f"{menu} summary")
    page.fill(f"{menu} input[name=reason]", "they called")

    breakers.close(first, by=by)
    page.wait_for_selector(HELD)
    page.click("[data-release]")
    page.wait_for_selector(f"#breakers details.act:has(input[value='{first}'])", state="detached")
    for destination in (mine, last):
        breakers.close(destination, by=by)

    assert page.input_value(f"{menu} input[name=reason]") == "they called"
    assert page.eval_on_selector_all(
        "#breakers details.act[open] input[name=destination]", "all => all.map(each => each.value)"
    ) == [mine]


# Logs


def test_lines_that_a_running_job_logs_appear_while_somebody_looks(
    page: Any, stage: Stage, worker: PuppetWorker
) -> None:
    job = worker.take(waiting_job(stage))
    notes = RedisProgressNotes(stage.platform.redis, stage.platform.keys)
    first = (1_700_000_000_000, "info", "asked the bank")
    notes.note(job.id, job.fence, noted_text({"done": 1, "total": 2, "note": ""}, [first]))
    page.goto(f"{stage.url}/job/{job.id}")
    page.wait_for_selector("#log-now >> text=asked the bank")

    second = (1_700_000_001_000, "warning", "the bank is slow")
    notes.note(job.id, job.fence, noted_text({"done": 2, "total": 2, "note": ""}, [first, second]))

    page.wait_for_selector("#log-now >> text=warning the bank is slow")
    many = [(1_700_000_002_000, "info", f"part {part}") for part in range(50)]
    notes.note(job.id, job.fence, noted_text(None, many))
    page.wait_for_selector("#log-now >> text=part 49")
    # The newest line is in sight, at the lower end of the box.
    assert page.eval_on_selector("#log-now pre", "box => box.scrollTop") == 0
    assert page.eval_on_selector("#log-now pre", "box => box.scrollHeight > box.clientHeight")
    assert page.eval_on_selector("#log-now pre", "box => getComputedStyle(box).flexDirection") == (
        "column-reverse"
    )
    worker.settle([(job, ended_well(job))])
    page.wait_for_selector("#log-now", state="detached")
