"""Gives packages other names, in all that the code says of them."""

from __future__ import annotations

import ast
import re
from collections.abc import Collection, Iterable, Iterator, Mapping
from typing import NamedTuple, TypeGuard


def modules_of(names: Iterable[str]) -> dict[str, str]:
    """What Python's files are imported as, by their names."""
    files = [name for name in names if name.endswith(".py")]
    stems = (name.removesuffix(".py").removesuffix("/__init__") for name in files)
    return dict(zip(files, (stem.replace("/", ".") for stem in stems), strict=True))


class NotRenamed(Exception):
    """Code names a module in a way that cannot be followed."""


class _Span(NamedTuple):
    """A part of a source, in bytes from its beginning."""

    start: int
    end: int


class Renaming:
    """What is imported, and what texts name, under other names; nothing else of a source changes.

    It goes by the syntax tree and replaces names where they stand, so that lines keep their numbers.
    A text names a module if it says the whole of its path: of a right such as ``workers.stop`` there is no
    module. Texts that are stored stay as they are, for processes of either name read what was stored.
    """

    def __init__(
        self, names: Mapping[str, str], modules: Collection[str], *, stored: Collection[str] = ()
    ) -> None:
        self._names = {old.encode(): new.encode() for old, new in names.items()}
        self._modules = frozenset(modules)
        self._stored = frozenset(stored)
        tops = "|".join(map(re.escape, names)).encode()
        self._import = re.compile(rb"(?:%b)(?![\w])" % tops)
        self._named = re.compile(rb"(?<![\w./-])(?:%b)\b(?:\.\w+)*" % tops)

    def __call__(self, source: bytes, file: str) -> bytes:
        """The source under the new names; raises `NotRenamed`."""
        lines = [0]
        for line in source.splitlines(keepends=True):
            lines.append(lines[-1] + len(line))
        try:
            spans = sorted(set(self._spans(ast.parse(source), source, lines)), reverse=True)
        except NotRenamed as error:
            raise NotRenamed(f"{file}: {error}") from None
        for start, end in spans:
            source = source[:start] + self._names[source[start:end]] + source[end:]
        return source

    def _spans(self, tree: ast.Module, source: bytes, lines: list[int]) -> Iterator[_Span]:
        inside = {
            id(part)
            for node in ast.walk(tree)
            if isinstance(node, ast.JoinedStr)
            for part in ast.walk(node)
            if part is not node
        }
        for node in ast.walk(tree):
            if isinstance(node, ast.Import):
                yield from self._of_import(node, lines, source)
            elif isinstance(node, ast.ImportFrom) and not node.level:
                yield from self._of_import_from(node, lines, source)
            elif isinstance(node, ast.JoinedStr):
                self._refuse(node, source, lines)
            elif _is_text(node) and id(node) not in inside and node.value not in self._stored:
                yield from self._of_text(_whole(node, lines), source)

    def _of_import(self, node: ast.Import, lines: list[int], source: bytes) -> Iterator[_Span]:
        for alias in node.names:
            found = self._import.match(source, lines[alias.lineno - 1] + alias.col_offset)
            if found and alias.asname is None:
                raise NotRenamed(
                    f"line {node.lineno}: write `from … import`, or `as`: this binds a top"
                )
            if found:
                yield _Span(*found.span())

    def _of_import_from(
        self, node: ast.ImportFrom, lines: list[int], source: bytes
    ) -> Iterator[_Span]:
        start = lines[node.lineno - 1] + node.col_offset + len("from ")
        if found := self._import.match(source, start):
            yield _Span(*found.span())

    def _of_text(self, whole: _Span, source: bytes) -> Iterator[_Span]:
        for found in self._named.finditer(source, *whole):
            if self._is_module(found):
                [top] = [n for n in self._names if self._starts(found.group(), n)]
                yield _Span(found.start(), found.start() + len(top))

    def _refuse(self, node: ast.JoinedStr, source: bytes, lines: list[int]) -> None:
        """In a text with values in braces there is code as well, of which a pattern knows nothing."""
        for found in self._named.finditer(source, *_whole(node, lines)):
            if self._is_module(found):
                raise NotRenamed(
                    f"line {node.lineno}: {found.group().decode()} inside an f-string; name it outside"
                )

    def _is_module(self, found: re.Match[bytes]) -> bool:
        """Whether it is a path of at least two words, or what ``python -m`` runs: one word is a word."""
        words = found.group().decode().split(".")
        is_run = found.string[: found.start()].endswith(b"-m ")
        return (len(words) > 1 or is_run) and ".".join(words[:2]) in self._modules

    def _starts(self, path: bytes, top: bytes) -> bool:
        return path == top or path.startswith(top + b".")


def _is_text(node: ast.AST) -> TypeGuard[ast.Constant]:
    return isinstance(node, ast.Constant) and isinstance(node.value, str)


def _whole(node: ast.expr, lines: list[int]) -> _Span:
    end = (node.end_lineno or node.lineno) - 1
    return _Span(lines[node.lineno - 1] + node.col_offset, lines[end] + (node.end_col_offset or 0))
