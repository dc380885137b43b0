"""The shop: a Flask application with a package ``backend`` of its own, on the isolated wheel."""

from __future__ import annotations

import re
import urllib.error
import urllib.parse
import urllib.request
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.contract.examples.application import Application
from tests.eventually import eventually
from tests.free_port import free_port


@pytest.fixture(scope="module")
def shop(
    isolated_programs: Path, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Application]:
    made = Application("flask_shop", tmp_path_factory.mktemp("flask"), isolated_programs)
    yield made
    made.stop()


def test_its_own_tests_pass(shop: Application) -> None:
    assert re.search(r"\b7 passed", shop.run("pytest", "-p", "no:schemathesis"))


def test_its_types_are_strict_and_right(shop: Application) -> None:
    assert "no issues found" in shop.run("mypy")


def test_two_commands_start_it(shop: Application) -> None:
    assert shop.commands()[1:] == ["tally dev", "flask --app backend.app run"]
    url = f"http://127.0.0.1:{(port := free_port())}"
    shop.start_both(port)
    eventually(lambda: "No orders yet" in _page(url), show=shop.log)

    assert "Tea" in _page(f"{url}/orders", email="ada@example.com", item="Tea"), shop.log()
    mail = shop.folder / "var" / "mails" / "1.eml"
    eventually(mail.exists, show=shop.log)
    with urllib.request.urlopen(f"{url}/exports", data=b"") as started:  # noqa: S310 - our own server
        page = started.url
    eventually(lambda: "Download" in _page(page), show=shop.log)

    [link] = re.findall(r'href="(/files/[^"]+)"', _page(page))
    assert _page(url + link).splitlines() == ["number,email,item", "1,ada@example.com,Tea"]


def _page(url: str, **form: str) -> str:
    """A page, after a form was sent if one is given; nothing while nobody answers as wished."""
    body = urllib.parse.urlencode(form).encode() if form else None
    try:
        with urllib.request.urlopen(url, data=body) as answer:  # noqa: S310 - our own server
            return str(answer.read().decode())
    except urllib.error.URLError:
        return ""
