"""Names that must be the same everywhere, and names that must not be used at all."""

from __future__ import annotations

import ast
import re

import pytest

from backend.domain.jobs.job_event import ATTEMPT_ENDS, STATE_AFTER, EventKind
from backend.domain.jobs.job_state import LEGAL_MOVES, JobState
from tests.architecture.source_tree import (
    CODE,
    OURS,
    ROOT,
    SQL,
    files,
    name_of,
    nodes_of,
    rows_of,
    texts_of,
)

FORBIDDEN = {"utils", "util", "helpers", "helper", "common", "models", "types", "constants", "misc"}
#: Where a key or a part of one may be written out.
KEY_MAKERS = {
    "backend/broker/keys.py": "all keys are built here",
    "backend/broker/schedules/job_promoter.py": "gives rq-scheduler's classes the deployment's prefix",
}
_KEY = re.compile(r"^rq:|:tally:|:scheduler_|:scheduler$|^:(job|queue|worker|wip|failed|finished):")
_CODE = re.compile(r"`([^`]+)`")


def _words(cell: str) -> set[str]:
    return set(_CODE.findall(cell))


@pytest.mark.parametrize("top", OURS)
def test_no_module_is_a_drawer_for_everything(top: str) -> None:
    found = {name_of(file) for file in files("*.py", top) if file.stem in FORBIDDEN}

    assert found == set()


def test_keys_are_written_out_in_one_place() -> None:
    found = {
        f"{name_of(file)}: {text!r}"
        for file in files("*.py", *CODE)
        if name_of(file) not in KEY_MAKERS
        for text in texts_of(file)
        if _KEY.search(text)
    }

    assert found == set()


def test_the_states_and_the_ends_of_attempts_are_the_same_words_in_sql() -> None:
    lists = [
        (name_of(file), frozenset(re.findall(r"'(\w+)'", found)))
        for file in (*files("*.sql", "migrations"), *sorted(SQL.rglob("*.sql")))
        for found in re.findall(r"\bstatus IN \(([^)]*)\)", file.read_text(encoding="utf-8"))
    ]
    states = frozenset(state.value for state in JobState)
    attempts = frozenset({"started", *(kind.value for kind in ATTEMPT_ENDS)})

    assert {states, attempts} & {words for _, words in lists} >= {states}
    assert [entry for entry in lists if not (entry[1] <= states or entry[1] <= attempts)] == []


def test_the_events_are_the_same_words_in_sql() -> None:
    """Wherever SQL compares a kind of event, it is one that the functions write."""
    kinds = {kind.value for kind in EventKind}
    compared = re.compile(r"\bkind (?:=|<>|IN) *\(?((?:'\w+'(?:, *)?)+)")

    unknown = {
        f"{name_of(file)}: {word}"
        for file in sorted(SQL.rglob("*.sql"))
        if "job_events" in file.read_text(encoding="utf-8")
        for found in compared.findall(file.read_text(encoding="utf-8"))
        for word in re.findall(r"'(\w+)'", found)
        if word not in kinds
    }

    assert unknown == set()


def test_the_states_and_their_moves_are_the_documented_ones() -> None:
    documented = {
        _words(row[0]).pop(): _words(row[2])
        for row in rows_of("docs/states.md")
        if _words(row[0]) <= {state.value for state in JobState} and len(row) == 3
    }
    table = rows_of("docs/states.md")[: len(JobState)]

    assert [_words(row[0]).pop() for row in table] == [state.value for state in JobState]
    moves = {_words(row[0]).pop(): _words(row[2]) for row in table}
    assert moves == {state.value: set(targets) for state, targets in LEGAL_MOVES.items()}
    assert documented.keys() >= moves.keys()


def test_the_events_and_what_they_lead_to_are_the_documented_ones() -> None:
    rows = rows_of("docs/states.md", "## What happens to it")

    assert [_words(row[0]).pop() for row in rows] == [kind.value for kind in EventKind]
    leads = {_words(row[0]).pop(): _words(row[1]) for row in rows}
    for kind in EventKind:
        after = {STATE_AFTER[kind].value} if kind in STATE_AFTER else set()
        expected = {"queued", "scheduled"} if kind is EventKind.ENQUEUED else after
        assert leads[kind.value] == expected, kind


def _codes() -> dict[str, str]:
    """Every code that a class of an error carries, with the name of the class."""
    return {
        line.value.value: node.name
        for file in files("*.py", *CODE)
        for node in nodes_of(file)
        if isinstance(node, ast.ClassDef) and node.bases
        for line in node.body
        if isinstance(line, ast.Assign | ast.AnnAssign) and _is_code(line)
    }


def _is_code(line: ast.Assign | ast.AnnAssign) -> bool:
    target = line.targets[0] if isinstance(line, ast.Assign) else line.target
    names = isinstance(target, ast.Name) and target.id == "code"
    return names and isinstance(line.value, ast.Constant) and isinstance(line.value.value, str)


def test_every_error_code_is_documented_and_every_documented_one_exists() -> None:
    documented = {_words(row[0]).pop(): row[1] for row in rows_of("docs/errors.md")}

    assert documented.keys() == _codes().keys()
    named = {code: _words(cell).pop() for code, cell in documented.items() if _words(cell)}
    assert named == {code: name for code, name in _codes().items() if code in named}


def test_documents_point_at_documents_that_exist() -> None:
    dead = {
        f"{name_of(file)}: {target}"
        for file in (ROOT / "docs").glob("*.md")
        for target in re.findall(r"\]\((?!https?:|#)([^)#]+)", file.read_text(encoding="utf-8"))
        if not (file.parent / target).exists()
    }

    assert dead == set()
