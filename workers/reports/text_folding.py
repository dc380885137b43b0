"""Breaks texts into lines: between words, between ideographs, and within a word that is too long."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator

#: Signs of Chinese, Japanese and Korean: each may end a line.
IDEOGRAPHS = "\u2e80-\u9fff\uac00-\ud7ff\uf900-\ufaff\uff00-\uffef\U00020000-\U0003ffff"
_WORD = re.compile(rf"[{IDEOGRAPHS}]|[^\s{IDEOGRAPHS}]+\s*|\s+")
_Measure = Callable[[str], float]


def folded(text: str, width: float, measure: _Measure) -> list[str]:
    """The lines, none wider than ``width`` unless a single letter is; blanks at their ends are gone."""
    return [line for paragraph in text.split("\n") for line in _lines(paragraph, width, measure)]


def _lines(paragraph: str, width: float, measure: _Measure) -> Iterator[str]:
    line, used = "", 0.0
    for piece in _pieces(paragraph, width, measure):
        if line and used + measure(piece.rstrip()) > width:
            yield line.rstrip()
            line, used = "", 0.0
        line += piece
        used += measure(piece)
    yield line.rstrip()


def _pieces(text: str, width: float, measure: _Measure) -> Iterator[str]:
    for word in _WORD.findall(text):
        if measure(word.rstrip()) <= width:
            yield word
        else:
            yield from _broken(word, width, measure)


def _broken(word: str, width: float, measure: _Measure) -> Iterator[str]:
    piece, used = "", 0.0
    for letter in word:
        wide = measure(letter)
        if piece and used + wide > width:
            yield piece
            piece, used = "", 0.0
        piece += letter
        used += wide
    yield piece
