"""What axe-core finds; its script comes out of an installed package."""

from __future__ import annotations

from typing import Any

import pytest

from tests.e2e.demonstration import fill
from tests.e2e.screenshots import FAILURE, addresses
from tests.e2e.stage import Stage

axe = pytest.importorskip("axe_playwright_python.sync_playwright", reason="axe-core is not there")


@pytest.fixture(scope="module")
def filled(stage: Stage) -> dict[str, str]:
    """Every page, with something on it."""
    fill(stage)
    return addresses(stage) | FAILURE


#: What axe-core looks at that colours and width decide; all else is the same in either.
OF_APPEARANCE = ("color-contrast", "scrollable-region-focusable", "target-size")


def _findings(page: Any, *rules: str) -> list[str]:
    """Axe runs in the page, whose policy forbids scripts of others; the browser's own way is let in."""
    options = {"resultTypes": ["violations"]} | ({"runOnly": rules} if rules else {})
    found = axe.Axe().run(page, options=options).response["violations"]
    return [
        f"{each['id']}: {node['html'][:120]}"
        for each in found
        if each["impact"] in {"serious", "critical", "moderate"}
        for node in each["nodes"][:3]
    ]


def _show(page: Any, scheme: str, width: int) -> None:
    page.emulate_media(color_scheme=scheme, reduced_motion="reduce")
    page.set_viewport_size({"width": width, "height": 900})


def test_no_page_has_serious_findings_and_none_is_wider_than_a_phone(
    page: Any, stage: Stage, filled: dict[str, str]
) -> None:
    found = {}
    for name, address in filled.items():
        _show(page, "light", 1280)
        page.goto(stage.url + address)
        page.wait_for_selector("h1")
        found[name] = _findings(page)
        _show(page, "dark", 390)
        found[f"{name}, dark, on a phone"] = _findings(page, *OF_APPEARANCE)
        wide = page.evaluate("document.documentElement.scrollWidth")
        assert wide <= 390, f"{name} is {wide} px wide"

    assert {name: each for name, each in found.items() if each} == {}


def test_the_sign_in_page_has_no_serious_findings(context: Any, stage: Stage) -> None:
    page = context.new_page()
    page.goto(f"{stage.url}/sign-in")

    assert _findings(page) == []


def test_everything_can_be_reached_by_keyboard(
    page: Any, stage: Stage, filled: dict[str, str]
) -> None:
    page.goto(stage.url + filled["job"])

    page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.className") == "skip"
    page.focus("#do-redrive summary")
    page.keyboard.press("Enter")
    page.wait_for_function("document.activeElement.name === 'reason'")
    page.keyboard.press("Escape")
    assert page.evaluate("document.activeElement.parentElement.id") == "do-redrive"
