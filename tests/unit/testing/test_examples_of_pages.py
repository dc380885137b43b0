"""The examples of pages about job types run as they stand there, from the first to the last."""

from __future__ import annotations

import ast
import re
import sys
from types import ModuleType
from unittest.mock import MagicMock

import pytest
from sqlalchemy import create_engine
from sqlalchemy.orm import Session

from backend.bootstrap.current import platform
from tally.testing import memory
from tests.architecture.source_tree import ROOT
from workers.job_types.finding import declared_in

pytestmark = pytest.mark.usefixtures("own_middleware")

PAGES = (
    "how-to/own-job-types",
    "how-to/async-handlers",
    "how-to/middleware",
    "how-to/traces-and-errors",
    "coming-from",
)
#: What examples use of others, whether it is installed here or not.
_OF_OTHERS = ("asyncpg", "httpx")
_EXAMPLE = re.compile(r"^```python\n(.*?)^```$", re.MULTILINE | re.DOTALL)


@pytest.mark.parametrize("page", PAGES)
def test_the_examples_of_a_page_run_one_after_another(
    page: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    text = (ROOT / "docs" / f"{page}.md").read_text(encoding="utf-8")
    module = ModuleType("examples_of_a_page")
    monkeypatch.setitem(sys.modules, module.__name__, module)
    for name in _OF_OTHERS:
        monkeypatch.setitem(sys.modules, name, MagicMock())

    with memory():
        for number, example in enumerate(_EXAMPLE.findall(text), 1):
            code = compile(ast.parse(example), f"{page}, example {number}", "exec")
            exec(code, module.__dict__)  # noqa: S102 - the page's own
            _declare(module)


def test_the_page_on_python_runs_from_top_to_bottom(monkeypatch: pytest.MonkeyPatch) -> None:
    shop = ModuleType("billing.jobs")
    monkeypatch.setitem(sys.modules, "billing", ModuleType("billing"))
    monkeypatch.setitem(sys.modules, shop.__name__, shop)
    job_types, page = (
        (ROOT / "docs" / name).read_text(encoding="utf-8")
        for name in ("how-to/own-job-types.md", "python.md")
    )
    for example in _EXAMPLE.findall(job_types)[:2]:
        exec(example, shop.__dict__)  # noqa: S102 - the page's own
    # Schedules, events and test runs are in Postgres, and have tests of their own.
    in_postgres = re.compile("SchedulerService|test_job")
    examples = [each for each in _EXAMPLE.findall(page) if not in_postgres.search(each)]

    with memory(), Session(create_engine("sqlite://")) as session:
        _declare(shop)
        exec("".join(examples), {"session": session})  # noqa: S102


def _declare(module: ModuleType) -> None:
    """Workers have its job types, as if they listed the module."""
    catalogue = platform().catalogue
    for kind in declared_in(module, catalogue.default_retry):
        catalogue.add(kind)
