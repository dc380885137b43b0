"""The page about testing is true: its examples are a project, and that project's tests pass."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from backend.embedded.servers import Servers
from tests.architecture.source_tree import ROOT

pytest_plugins = ["pytester"]

_FENCE = re.compile(r"^```python\n(.*?)^```$", re.MULTILINE | re.DOTALL)


def _examples() -> dict[str, str]:
    """Every example by the path that its first line names."""
    blocks = _FENCE.findall((ROOT / "docs" / "testing.md").read_text(encoding="utf-8"))
    return {block.partition("\n")[0].removeprefix("# "): block for block in blocks}


def test_every_example_names_its_file() -> None:
    assert [name for name in _examples() if not name.endswith(".py")] == []


def test_the_tests_of_the_page_pass(
    pytester: pytest.Pytester, monkeypatch: pytest.MonkeyPatch, servers: Servers
) -> None:
    for name, text in _examples().items():
        _write(pytester.path / name, text)
    tests = sum(text.count("def test_") for text in _examples().values())
    runs_more = 2  # of the three attempts of one test
    monkeypatch.setenv("PYTEST_DISABLE_PLUGIN_AUTOLOAD", "1")
    monkeypatch.setenv("PYTHONPATH", str(ROOT))
    monkeypatch.setenv("REDIS_URL", servers.redis_url)
    monkeypatch.setenv("TALLY_CONFIG", str(_write(pytester.path / "none.yaml", "{}\n")))
    monkeypatch.setenv("TALLY_JOB_PACKAGES", "shop.jobs")

    result = pytester.runpytest_subprocess("-q", "-p", "tally.testing.plugin", "--strict-markers")

    result.assert_outcomes(passed=tests + runs_more)


def _write(path: Path, text: str) -> Path:
    path.parent.mkdir(exist_ok=True)
    path.write_text(text, encoding="utf-8")
    return path
