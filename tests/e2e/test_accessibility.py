"""What axe-core finds; its script comes out of an installed package."""

from __future__ import annotations

from typing import Any

import pytest

from tests.e2e.demonstration import fill
from tests.e2e.screenshots import addresses
from tests.e2e.stage import Stage

axe = pytest.importorskip("axe_playwright_python.sync_playwright", reason="axe-core is not there")


@pytest.fixture(scope="module")
def filled(stage: Stage) -> dict[str, str]:
    """Every page, with something on it."""
    fill(stage)
    return addresses(stage)


def _findings(page: Any) -> list[str]:
    """Axe runs in the page, whose policy forbids scripts of others; the browser's own way is let in."""
    found = axe.Axe().run(page).response["violations"]
    return [
        f"{each['id']}: {node['html'][:120]}"
        for each in found
        if each["impact"] in {"serious", "critical", "moderate"}
        for node in each["nodes"][:3]
    ]


@pytest.mark.parametrize(("scheme", "width"), [("light", 1280), ("dark", 390)])
def test_no_page_has_serious_findings(
    page: Any, stage: Stage, filled: dict[str, str], scheme: str, width: int
) -> None:
    page.emulate_media(color_scheme=scheme, reduced_motion="reduce")
    page.set_viewport_size({"width": width, "height": 900})
    found = {}
    for name, address in filled.items():
        page.goto(stage.url + address)
        page.wait_for_selector("h1")
        found[name] = _findings(page)

    assert {name: each for name, each in found.items() if each} == {}


def test_no_page_is_wider_than_a_phone(page: Any, stage: Stage, filled: dict[str, str]) -> None:
    page.set_viewport_size({"width": 390, "height": 844})
    for name, address in filled.items():
        page.goto(stage.url + address)
        wide = page.evaluate("document.documentElement.scrollWidth")
        assert wide <= 390, f"{name} is {wide} px wide"


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
