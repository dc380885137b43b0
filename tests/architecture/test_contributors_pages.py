"""What contributors read is true: paths that pages name exist, so do targets, and the matrix has no gap."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest
import yaml

from backend.embedded.locate import _OLDEST
from tests.architecture.source_tree import ROOT

PAGES = ("ARCHITECTURE.md", "CONTRIBUTING.md", "SECURITY.md", "README.md", "tests/README.md")
#: Where a page's paths begin, beside the root of the repository.
_FROM = {"tests/README.md": "tests"}
_TOPS = "tally|backend|workers|config|scripts|migrations|tests|docs|benchmarks|deploy|examples"
_TEST_FOLDERS = "unit|integration|contract|property|drills|e2e|acceptance|architecture"
_WALK = re.compile(r"^\| (\d+) \| `([^`]+)` \|", re.MULTILINE)


def _text(page: str) -> str:
    return (ROOT / page).read_text(encoding="utf-8")


def _paths(page: str) -> set[str]:
    tops = f"{_TOPS}|{_TEST_FOLDERS}" if page in _FROM else _TOPS
    named = re.findall(rf"`(?:\./)?((?:{tops})/[^` ]*)`", _text(page))
    return {path for path in named if not set(path) & set("<>…")}


def _exists(page: str, path: str) -> bool:
    folders = [ROOT, ROOT / _FROM[page]] if page in _FROM else [ROOT]
    return any([*folder.glob(path.rstrip("/"))] for folder in folders)


@pytest.mark.parametrize("page", PAGES)
def test_every_path_that_a_page_names_exists(page: str) -> None:
    assert [path for path in sorted(_paths(page)) if not _exists(page, path)] == []


@pytest.mark.parametrize("page", PAGES)
def test_every_link_of_a_page_leads_somewhere(page: str) -> None:
    links = re.findall(r"\]\((?!https?:|#)([^)#\s]+)", _text(page))

    assert [link for link in links if not (ROOT / page).parent.joinpath(link).exists()] == []


def test_the_way_of_a_job_is_told_in_nine_files_and_the_whole_in_fifteen() -> None:
    nine, _, six = _text("ARCHITECTURE.md").partition("The whole way")
    walks = [_WALK.findall(nine), _WALK.findall(six)]

    assert [[int(number) for number, _ in walk] for walk in walks] == [
        [*range(1, 10)],
        [*range(10, 16)],
    ]
    assert [path for walk in walks for _, path in walk if not (ROOT / path).is_file()] == []


@pytest.mark.parametrize("page", ["ARCHITECTURE.md", "CONTRIBUTING.md", "tests/README.md"])
def test_every_target_that_a_page_names_is_in_the_makefile(page: str) -> None:
    targets = set(re.findall(r"^([a-z-]+):", _text("Makefile"), re.MULTILINE))
    named = set(re.findall(r"(?:`|^)make ([a-z-]+)", _text(page), re.MULTILINE))

    assert named - targets == set()


def test_every_target_says_what_it_does() -> None:
    targets = re.findall(r"^([a-z-]+):(.*)", _text("Makefile"), re.MULTILINE)

    assert targets
    assert [name for name, rest in targets if "## " not in rest] == []


def _matrix(job: str) -> dict[str, Any]:
    jobs = yaml.safe_load(_text(".github/workflows/checks.yml"))["jobs"]
    matrix: dict[str, Any] = jobs[job]["strategy"]["matrix"]
    return matrix


def test_the_checks_run_on_every_python_and_every_pair_of_stores() -> None:
    oldest = re.search(r'requires-python = ">=3\.(\d+)"', _text("pyproject.toml"))
    stores = _matrix("stores")
    flavours = {(each["name"], int(each["version"].split(".")[0])) for each in stores["store"]}

    assert oldest is not None
    assert _matrix("python")["python"] == [f"3.{minor}" for minor in range(int(oldest[1]), 15)]
    assert flavours == {("redis", 7), ("redis", 8), ("valkey", 8), ("valkey", 9)}
    assert stores["postgres"] == [str(major) for major in range(_OLDEST["postgres"][0], 19)]


@pytest.mark.parametrize(
    "file", sorted(ROOT.glob(".github/workflows/*.yml")), ids=lambda file: file.name
)
def test_scripts_and_targets_that_workflows_run_exist(file: Path) -> None:
    text = file.read_text(encoding="utf-8")
    scripts = re.findall(r"(?<![\w/])(?:\./)?((?:scripts|\.ci)/[\w./-]+)", text)
    targets = set(re.findall(r"^([a-z-]+):", _text("Makefile"), re.MULTILINE))

    assert [script for script in scripts if not (ROOT / script).is_file()] == []
    assert set(re.findall(r"run: make ([a-z-]+)", text)) - targets == set()


_TELLING = (
    "Makefile",
    "scripts/**/*.sh",
    "benchmarks/*.sh",
    "*.md",
    "docs/**/*.md",
    ".github/**/*.yml",
    "tests/**/*.md",
)


@pytest.mark.parametrize("pattern", _TELLING)
def test_modules_that_people_are_told_to_run_can_be_run(pattern: str) -> None:
    told = {
        module
        for file in ROOT.glob(pattern)
        if ".venv" not in file.parts and file.name != "CHANGELOG.md"
        for module in re.findall(
            # In the isolated wheel, of which pages tell, ours are inside `tally`.
            r"-m (?:tally\.(?=backend|workers))?((?:backend|workers|tests|benchmarks|scripts|tally)[\w.]*)",
            file.read_text(encoding="utf-8"),
        )
    }

    assert {module for module in told if not _runs(ROOT.joinpath(*module.split(".")))} == set()


def _runs(place: Path) -> bool:
    if place.is_dir():
        return (place / "__main__.py").is_file()
    file = place.with_suffix(".py")
    return file.is_file() and '__name__ == "__main__"' in file.read_text(encoding="utf-8")
