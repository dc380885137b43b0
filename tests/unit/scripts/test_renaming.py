"""Packages get other names in the isolated wheel: in imports and texts, and nowhere else."""

from __future__ import annotations

import ast

import pytest

from scripts.wheels.renaming import NotRenamed, Renaming

_MODULES = {
    "backend",
    "backend.broker",
    "backend.cli",
    "backend.cli.main",
    "workers",
    "workers.pdf",
}
rename = Renaming(
    {"backend": "tally.backend", "workers": "tally.workers"},
    _MODULES,
    stored={"workers.pdf.run"},
)


@pytest.mark.parametrize(
    ("source", "expected"),
    [
        ("from backend import x", "from tally.backend import x"),
        ("from backend.broker import x as y", "from tally.backend.broker import x as y"),
        ("import os, workers.pdf as pdf", "import os, tally.workers.pdf as pdf"),
        ("if 1:\n    from workers.pdf import (\n  a)", "if 1:\n    from tally.workers.pdf import (\n  a)"),
        ('run("ü", "backend.broker")', 'run("ü", "tally.backend.broker")'),
        ('x = "backend.cli.main:main"', 'x = "tally.backend.cli.main:main"'),
        ('x = ("a"\n     "see `python -m workers`")', 'x = ("a"\n     "see `python -m tally.workers`")'),
        ('"""Calls `backend.cli.main`."""', '"""Calls `tally.backend.cli.main`."""'),
    ],
)  # fmt: skip
def test_imports_and_texts_name_what_was_moved(source: str, expected: str) -> None:
    assert rename(source.encode(), "a.py").decode() == expected


@pytest.mark.parametrize(
    "source",
    [
        "from backends import x",
        "from .backend import x",
        "from shop.backend import x",
        "import workers_pdf",
        "workers.stop()",
        'right = "workers.stop"',
        'page = "workers.html"',
        'words = "the workers of a backend"',
        'path = "backend/broker/keys.py"',
        'far = "shop.backend.broker"',
        'kept = "workers.pdf.run"',
        '"rq:job:%s" % workers',
        'f"{len(workers)} workers of {backend.name}"',
        "# from backend import x",
    ],
)
def test_nothing_else_is_touched(source: str) -> None:
    assert rename(source.encode(), "a.py").decode() == source


@pytest.mark.parametrize(
    ("source", "words"),
    [
        ("import backend.broker", "a.py: line 1: write `from … import`, or `as`: this binds a top"),
        ("\nx = f'{y} backend.broker'", "a.py: line 2: backend.broker inside an f-string; name it outside"),
    ],
)  # fmt: skip
def test_what_cannot_be_followed_is_refused_with_its_place(source: str, words: str) -> None:
    with pytest.raises(NotRenamed) as refused:
        rename(source.encode(), "a.py")

    assert str(refused.value) == words


def test_lines_keep_their_numbers() -> None:
    source = b'"""Of\nbackend.broker\n"""\nimport os\nfrom backend.cli import main\nx = 1\n'

    def lines(text: bytes) -> list[int]:
        return [node.lineno for node in ast.walk(ast.parse(text)) if isinstance(node, ast.stmt)]

    assert lines(rename(source, "a.py")) == lines(source)
