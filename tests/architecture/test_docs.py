"""The documentation keeps up: nothing that people can set, type, meet or scrape is undocumented."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import click
import pytest

from backend.cli.main import tally
from backend.cli.reference.pages import pages
from backend.cli.reference.setting_rows import setting_rows
from backend.domain.errors import JobSignal, TallyError
from tests.architecture.source_tree import CODE, files, nodes_of

ROOT = Path(__file__).parents[2]
DOCS = ROOT / "docs"
PAGES = sorted(DOCS.rglob("*.md"))
_LEVELS = {"debug", "info", "warning", "error", "critical", "exception", "log"}


@pytest.mark.parametrize("name", sorted(pages()))
def test_pages_made_from_the_code_are_current(name: str) -> None:
    assert (DOCS / name).read_text() == pages()[name], "python -m backend.cli.reference.pages docs"


def test_every_error_code_is_documented() -> None:
    text = (DOCS / "errors.md").read_text()
    ours = {c.code for c in (*_below(TallyError), *_below(JobSignal)) if _is_ours(c)}

    assert sorted(code for code in ours if f"`{code}`" not in text) == []


def test_every_log_event_is_documented() -> None:
    text = (DOCS / "logs.md").read_text()

    assert sorted(event for event in set(_events()) if f"`{event}`" not in text) == []


def test_every_script_is_in_the_runbook_or_the_how_to_pages() -> None:
    text = "".join(page.read_text() for page in PAGES)
    scripts = [*ROOT.glob("scripts/jobs/*.sh"), *ROOT.glob("scripts/workers/*.sh")]

    assert [path.name for path in scripts if path.name not in text] == []


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(DOCS)))
def test_links_lead_somewhere(page: Path) -> None:
    dead = []
    for target in re.findall(r"\]\(([^)\s]+)\)", page.read_text()):
        path, _, section = target.partition("#")
        found = page.parent / path if path else page
        if target.startswith("http"):
            continue
        if not found.exists() or (section and section not in _sections(found)):
            dead.append(target)

    assert dead == []


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(DOCS)))
def test_commands_that_pages_name_exist(page: Path) -> None:
    wrong = []
    for line in re.findall(r"(?:^|`|\$ |    )tally ([a-z][^`\n]*)", page.read_text(), re.MULTILINE):
        words = re.findall(r"^[a-z-]+|(?<= )[a-z-]+", line.partition(" --")[0])
        if _command(words) is None:
            wrong.append(line)

    assert wrong == []


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(DOCS)))
def test_settings_that_pages_name_exist(page: Path) -> None:
    text, known = page.read_text(), {row.name for row in setting_rows()}
    groups = {name.partition(".")[0] for name in known if "." in name}
    events = re.findall(r"`([a-z_.]+)`", (DOCS / "logs.md").read_text())
    others = {*events, "redis.conf"}
    found = re.findall(r"`([a-z_]+(?:\.[a-z_]+)+)", text)

    wrong = [
        name
        for name in found
        if name.partition(".")[0] in groups
        and name not in known | others
        and not any(each.startswith(f"{name}.") for each in known)
    ]

    assert wrong == []


def _command(words: list[str]) -> click.Command | None:
    """The command that some words name; None when there is none."""
    command: click.Command | None = tally
    for word in words:
        if not isinstance(command, click.Group):
            break
        command = command.get_command(click.Context(command), word)
    return command


def _sections(page: Path) -> set[str]:
    titles = re.findall(r"^#+ (.+)$", page.read_text(), re.MULTILINE)
    return {re.sub(r"[^\w -]", "", title.lower()).replace(" ", "-") for title in titles}


def _below(root: type[BaseException]) -> Iterator[type]:
    for child in root.__subclasses__():
        yield child
        yield from _below(child)


def _is_ours(error: type) -> bool:
    return error.__module__.partition(".")[0] in set(CODE)


def _events() -> Iterator[str]:
    """The first word of each call of a logger."""
    for path in files("*.py", *CODE):
        for call in nodes_of(path):
            is_call = isinstance(call, ast.Call) and isinstance(call.func, ast.Attribute)
            if is_call and call.func.attr in _LEVELS:  # type: ignore[attr-defined]
                yield from _texts(call.args)  # type: ignore[attr-defined]


def _texts(arguments: list[ast.expr]) -> Iterator[str]:
    for argument in arguments:
        branches = (
            [argument.body, argument.orelse] if isinstance(argument, ast.IfExp) else [argument]
        )
        for found in branches:
            value = found.value if isinstance(found, ast.Constant) else None
            if isinstance(value, str) and re.fullmatch(r"[a-z_]+\.[a-z_]+", value):
                yield value
