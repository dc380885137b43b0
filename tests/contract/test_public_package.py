"""What people build on is in one package, cheap to import, complete, and does not change unseen."""

from __future__ import annotations

import ast
import json
import re
import subprocess
import sys
from pathlib import Path

import pytest

import tally
from tests.architecture.source_tree import ROOT, name_of, tree_of
from tests.contract.public_api import FILE, public_api

_LOADED = """
import json, sys
before = set(sys.modules)
import tally
new = {name.partition(".")[0] for name in set(sys.modules) - before}
print(json.dumps([sorted(n for n in sys.modules if n.partition(".")[0] in ("backend", "workers", "tally")),
                  sorted(new - set(sys.stdlib_module_names))]))
"""

#: What pydantic stands on.
_OF_PYDANTIC = {"annotated_types", "pydantic_core", "typing_extensions", "typing_inspection"}


def _run(code: str, folder: Path, *path: Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-c", code],
        cwd=folder,
        env={"PYTHONPATH": ":".join(str(place) for place in path)},
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )


def test_what_is_public_is_written_down() -> None:
    """A difference is a change of what others build on: say it in the changelog, then run
    ``python -m tests.contract.public_api``.
    """
    assert public_api() == FILE.read_text(encoding="utf-8")


def test_checkers_see_the_names_that_there_are() -> None:
    [block] = [
        node for node in tree_of(ROOT / "tally" / "__init__.py").body if _is_for_checkers(node)
    ]
    seen = {
        alias.asname or alias.name
        for node in block.body
        if isinstance(node, ast.ImportFrom) and node.module != "typing"
        for alias in node.names
    }

    assert seen == set(tally.__all__)


def _is_for_checkers(node: ast.stmt) -> bool:
    return isinstance(node, ast.If) and ast.unparse(node.test) == "TYPE_CHECKING"


def test_importing_it_reads_no_library_and_next_to_nothing_of_ours(tmp_path: Path) -> None:
    said = _run(_LOADED, tmp_path, ROOT)

    ours, libraries = json.loads(said.stdout)
    assert ours == ["backend", "tally", "tally.own_packages", "workers"]
    assert set(libraries) == {"backend", "tally", "workers"}


def test_a_name_that_there_is_not_tells_the_nearest() -> None:
    with pytest.raises(AttributeError, match="'Snoose', did you mean 'Snooze'"):
        tally.Snoose  # noqa: B018


@pytest.mark.parametrize("name", ["backend", "workers"])
@pytest.mark.parametrize("marker", ["__init__.py", None])
def test_a_package_of_the_users_that_hides_ours_is_named(
    tmp_path: Path, name: str, marker: str | None
) -> None:
    package = tmp_path / "shop" / name
    package.mkdir(parents=True)
    (package / (marker or "views.py")).touch()

    said = _run("import tally; print('imported')", tmp_path, tmp_path / "shop", ROOT)

    if marker is None:  # A folder that is no package hides nothing.
        assert said.stdout == "imported\n"
        return
    assert said.stderr.splitlines()[-1] == (
        f"ImportError: another package called {name!r} ({package}) hides Tally's own, which has that name "
        "too; install tally-queue-isolated instead of tally-queue: it has no such names, and nothing else "
        "changes. Programs that only enqueue can do with tally-client"
    )


#: Has a package `backend` of its own.
_OTHERS = ROOT / "examples" / "flask_shop"
_EXAMPLES = [file for file in (ROOT / "examples").rglob("*.py") if not file.is_relative_to(_OTHERS)]
_PAGES = (*(ROOT / "docs").rglob("*.md"), *_EXAMPLES)


@pytest.mark.parametrize("page", [ROOT / "README.md", *sorted(_PAGES)], ids=name_of)
def test_docs_and_examples_import_nothing_else_of_ours(page: Path) -> None:
    imports = re.compile(r"^\s*(?:from|import) ((?:backend|workers)\S*)", re.MULTILINE)

    assert imports.findall(page.read_text(encoding="utf-8")) == []


def test_declaring_job_types_reads_no_library_but_pydantic(tmp_path: Path) -> None:
    declared = _run(
        _LOADED.replace("import tally\n", "from tally import job_type\n"), tmp_path, ROOT
    )

    _, libraries = json.loads(declared.stdout)
    ours = {"backend", "tally", "workers"}
    found = {name for name in libraries if not name.startswith("_sysconfigdata")}
    assert found - ours <= {*_OF_PYDANTIC, "pydantic"}
