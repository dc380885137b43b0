"""Tables and menus at every width, with names as long as they may be."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from backend.broker.jobs.progress_notes import RedisProgressNotes
from backend.domain.access.role import Role
from backend.domain.jobs.attempts.noted_progress import noted_text
from tests.e2e.live_jobs import ended_well, waiting_job
from tests.e2e.puppet_worker import PuppetWorker
from tests.e2e.stage import Stage

_LONG = ("synchronise_customer_master_data_" * 4)[:128]
_PAGES = ("", "/search", "/dead", "/queues", "/workers", "/schedules", "/audit", "/keys")


_WIDTHS = (390, 1024, 1440)


@pytest.fixture(params=_WIDTHS)
def sized(request: pytest.FixtureRequest, page: Any) -> Iterator[Any]:
    """A page of some width."""
    return _at(page, request.param)


def _at(page: Any, width: int) -> Any:
    """A page that is as wide as that from now on."""
    page.set_viewport_size({"width": width, "height": 900})
    return page


def _grow(page: Any) -> None:
    """Every name on the page becomes as long as a name may be."""
    page.evaluate(
        """(long) => {
          const cells = "td[data-label='Type'], td[data-label='Job type'], td[data-label='Queue'], "
            + "td[data-label='Who'], td[data-label='Tenant'], td[data-label='Job types'], "
            + "td[data-label='By'], td.nowrap .quiet, table.list tbody th, tbody th a, td.what .cut";
          for (const cell of document.querySelectorAll(cells)) cell.textContent = long;
        }""",
        _LONG,
    )


@pytest.mark.parametrize("address", _PAGES)
def test_no_page_scrolls_sideways_whatever_the_names(page: Any, stage: Stage, address: str) -> None:
    stage.token(Role.VIEWER)
    page.goto(stage.url + address)
    _grow(page)

    wide = {
        width: _at(page, width).evaluate(
            """() => [document.documentElement, ...document.querySelectorAll(".wide")]
                 .filter((each) => each.scrollWidth > each.clientWidth + 1)
                 .map((each) => each.outerHTML.slice(0, 200))"""
        )
        for width in _WIDTHS
    }

    assert wide == {width: [] for width in _WIDTHS}


@pytest.mark.parametrize("total", [4, None])
def test_the_page_of_a_job_does_not_scroll_sideways_for_a_long_name_or_note(
    sized: Any, stage: Stage, worker: PuppetWorker, total: int | None
) -> None:
    job = worker.take(waiting_job(stage))
    notes = RedisProgressNotes(stage.platform.redis, stage.platform.keys)
    long = "w" * 300
    notes.note(job.id, job.fence, noted_text({"done": 1, "total": total, "note": long}, []))
    sized.goto(f"{stage.url}/job/{job.id}")
    sized.get_by_text(long).wait_for()
    sized.eval_on_selector_all(
        "#job-head h1 > span:first-child, #job-head a",
        f"all => all.forEach(e => e.textContent = '{long}')",
    )

    assert sized.evaluate("document.documentElement.scrollWidth <= innerWidth")
    worker.settle([(job, ended_well(job))])


def test_an_open_menu_is_whole_and_moves_nothing(sized: Any, stage: Stage) -> None:
    sized.goto(f"{stage.url}/queues")
    button = sized.locator("details.act > summary").nth(3)
    button.scroll_into_view_if_needed()
    before = (button.bounding_box(), sized.evaluate("[scrollX, scrollY]"))

    button.click()
    menu = sized.locator("details.act[open] > form")
    menu.wait_for()
    box = menu.bounding_box()

    assert (button.bounding_box(), sized.evaluate("[scrollX, scrollY]")) == before
    assert box["x"] >= 0
    assert box["y"] >= 0
    assert box["x"] + box["width"] <= sized.viewport_size["width"]
    assert box["y"] + box["height"] <= sized.viewport_size["height"]
    sized.keyboard.press("Escape")
    assert menu.count() == 0
    assert button.evaluate("(each) => each === document.activeElement")


def test_the_current_page_is_in_sight_in_the_navigation_of_a_phone(page: Any, stage: Stage) -> None:
    page.set_viewport_size({"width": 390, "height": 844})
    page.goto(f"{stage.url}/keys")

    box = page.locator(".side [aria-current]").bounding_box()

    assert box["x"] >= 0
    assert box["x"] + box["width"] < 391


def test_who_would_rather_keep_a_job_keeps_it(page: Any, stage: Stage) -> None:
    job_id = stage.platform.queue_service.enqueue_job("sync_customer", {}, delay=3600)
    page.goto(f"{stage.url}/job/{job_id}")
    page.locator("#do-cancel > summary").click()

    page.get_by_role("button", name="Keep it").click()

    assert page.locator("details.act[open]").count() == 0
    assert stage.platform.queue_service.get_job(job_id).state == "scheduled"


def test_a_mistake_is_beside_its_field_and_a_reload_sends_nothing(page: Any, stage: Stage) -> None:
    page.goto(f"{stage.url}/schedules")
    page.locator("#new > summary").click()
    page.fill("#new input[name=name]", "wrong")
    page.fill("#new input[name=cron]", "61 * * * *")
    page.get_by_role("button", name="Make schedule").click()
    page.locator(".mistake").wait_for()

    assert page.input_value("#new input[name=cron]") == "61 * * * *"
    assert page.locator("#new").evaluate("(each) => each.open")
    assert page.url == f"{stage.url}/schedules"
    page.reload()
    assert page.locator(".mistake").count() == 0


def test_a_form_that_is_stopped_on_its_way_can_be_sent_again(page: Any, stage: Stage) -> None:
    job_id = stage.platform.queue_service.enqueue_job("sync_customer", {}, delay=3600)
    page.goto(f"{stage.url}/job/{job_id}")
    page.click("#do-cancel summary")
    # It is on its way: a page that waits for its next one cannot be asked anything.
    page.eval_on_selector(
        "#do-cancel form", "form => form.dispatchEvent(new Event('submit', {bubbles: true}))"
    )
    page.wait_for_function("document.querySelector('#do-cancel form button').disabled")

    page.keyboard.press("Escape")

    assert not page.eval_on_selector("#do-cancel form button", "button => button.disabled")


def test_a_menu_that_comes_open_for_a_mistake_is_shown_with_its_row(
    sized: Any, stage: Stage
) -> None:
    sized.goto(f"{stage.url}/queues")
    sized.locator("#limit-type-sync_customer > summary").click()
    sized.locator("#limit-type-sync_customer input[name=reason]").fill("a\tb")
    sized.locator("#limit-type-sync_customer form button").click()
    sized.locator("#limit-type-sync_customer .mistake").wait_for()

    row = sized.locator("tr:has(#limit-type-sync_customer) th").bounding_box()

    assert 0 <= row["y"] < sized.viewport_size["height"]


def test_instants_are_said_in_words_and_go_on(page: Any, stage: Stage) -> None:
    job_id = stage.platform.queue_service.enqueue_job("sync_customer", {}, delay=7200)
    page.goto(f"{stage.url}/job/{job_id}")

    due = page.locator("#facts time").nth(1)
    page.wait_for_function("(each) => each.textContent === 'in 2 h'", arg=due.element_handle())
    assert due.get_attribute("title").endswith(" UTC")


@pytest.mark.parametrize("address", _PAGES)
def test_every_table_is_cards_on_a_phone(page: Any, stage: Stage, address: str) -> None:
    page.set_viewport_size({"width": 390, "height": 844})
    page.goto(stage.url + address)

    drawn = page.evaluate(
        """() => [...document.querySelectorAll("table tbody tr")]
             .map((row) => getComputedStyle(row).display)"""
    )

    assert "table-row" not in drawn


def test_all_of_a_page_can_be_selected_at_every_width(sized: Any, stage: Stage) -> None:
    for cents in (1, 2):
        stage.platform.queue_service.enqueue_job(
            "charge_card", {"cents": cents}, delay=3600, tags=["all"]
        )
    sized.goto(f"{stage.url}/search?tag=all")

    sized.get_by_label("Select all of this page").check()

    assert sized.locator("[name=id]").count() == sized.locator("[name=id]:checked").count() >= 2
    box = sized.locator("[data-all]").bounding_box()
    first = sized.locator("[name=id]").first.bounding_box()
    assert box["x"] == pytest.approx(first["x"], abs=1)


@pytest.mark.parametrize("address", ["/dead", "/audit"])
def test_the_button_that_finds_stands_beside_a_field(page: Any, stage: Stage, address: str) -> None:
    widths = (*_WIDTHS, 1366)
    page.goto(stage.url + address)

    beside = {
        width: _at(page, width).evaluate(
            """() => {
              const find = document.querySelector("form.filters button.main");
              const button = find.getBoundingClientRect();
              return [...document.querySelectorAll("form.filters label")]
                .map((field) => field.getBoundingClientRect())
                .some((field) => field.top < button.bottom && button.top < field.bottom);
            }"""
        )
        for width in widths
    }

    assert beside == dict.fromkeys(widths, True)
