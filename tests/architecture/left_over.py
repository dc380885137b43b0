"""What was written before a rule, name by name: nothing may join it, and what is mended leaves it.

``python -m tests.architecture.left_over`` takes out what is mended; it adds nothing.
"""

from __future__ import annotations

import ast
import re
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path

from tests.architecture.source_tree import CODE, files, nodes_of

LISTS = Path(__file__).parent / "left_over"

#: Words of time that say nothing of their unit.
_TIMES = frozenset(
    {
        *("timeout", "lease", "grace", "patience", "pause", "age", "keep", "wait", "idle"),
        *("ttl", "interval", "delay", "window", "overlap", "jitter", "every", "period"),
        *("soft_after", "hard_after"),
    }
)
_UNITS = ("_seconds", "_ms", "_minutes", "_hours", "_days")
#: Names that callers type; docs/stability.md keeps them.
PUBLIC = {
    "timeout": "an option of a job, of a job type and of `wait`, as in RQ",
    "delay": "an option of a job, and of RetryLater and Snooze",
    "result_ttl": "an option of a job, RQ's word",
    "idempotency_window": "an option of a job",
    "grace": "an option of a job type, and a setting",
    "interval": "a field of a schedule",
    "jitter": "a field of a schedule, and a setting",
}
#: Words that mean several things here, or nothing in the field; docs/glossary.md has the others.
BANNED = frozenset(
    {
        *("crew", "berth", "flight", "steward", "straggler", "stragglers", "spill", "muster"),
        *("attest", "reseat", "bell", "desk", "arrivals", "noun", "door", "visit", "bureau"),
    }
)


def durations_without_unit() -> set[str]:
    """Parameters and fields that are numbers of time and do not say of which: ``module.name``."""
    return {
        f"{file.stem}.{name}"
        for file in files("*.py", *CODE)
        for node in nodes_of(file)
        for name, kind in _declared(node)
        if _is_time(name) and _is_number(kind)
    }


def classes_of_one_name() -> set[str]:
    """Names that more than one class has."""
    counts = Counter(
        node.name
        for file in files("*.py", *CODE)
        for node in nodes_of(file)
        if isinstance(node, ast.ClassDef) and not node.name.startswith("_")
    )
    return {name for name, count in counts.items() if count > 1}


def names_of_banned_words() -> set[str]:
    """Modules, classes and functions that have such a word in their name."""
    names = (name for name in _all_names() if name != "in_flight")
    return {name for name in names if BANNED & set(_words(name))}


RULES: dict[str, Callable[[], set[str]]] = {
    "durations_without_unit": durations_without_unit,
    "classes_of_one_name": classes_of_one_name,
    "names_of_banned_words": names_of_banned_words,
}


def listed(rule: str) -> set[str]:
    """What was there before the rule."""
    lines = (LISTS / f"{rule}.txt").read_text(encoding="utf-8").splitlines()
    return {line for line in lines if line and not line.startswith("#")}


def _all_names() -> Iterator[str]:
    for file in files("*.py", *CODE):
        yield file.stem
        for node in nodes_of(file):
            if isinstance(node, ast.ClassDef | ast.FunctionDef):
                yield node.name


def _words(name: str) -> list[str]:
    return re.findall(r"[a-z]+", re.sub(r"(?<=[a-z])(?=[A-Z])", "_", name).lower())


def _declared(node: ast.AST) -> Iterator[tuple[str, ast.expr | None]]:
    if isinstance(node, ast.arg):
        yield node.arg, node.annotation
    elif isinstance(node, ast.AnnAssign) and isinstance(node.target, ast.Name):
        yield node.target.id, node.annotation


def _is_time(name: str) -> bool:
    plain = name.strip("_").lower()
    ends = plain in _TIMES or plain.endswith(tuple(f"_{word}" for word in _TIMES))
    return ends and plain not in PUBLIC and not plain.endswith(_UNITS)


def _is_number(kind: ast.expr | None) -> bool:
    return kind is not None and bool(re.search(r"\b(int|float)\b", ast.unparse(kind)))


def _take_out_what_is_mended() -> None:
    for rule, find in RULES.items():
        file = LISTS / f"{rule}.txt"
        found = find()
        lines = file.read_text(encoding="utf-8").splitlines()
        kept = [line for line in lines if line.startswith("#") or line in found]
        file.write_text("".join(f"{line}\n" for line in kept), encoding="utf-8")


if __name__ == "__main__":
    _take_out_what_is_mended()
