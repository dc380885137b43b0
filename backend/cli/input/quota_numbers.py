"""The numbers of a quota as they are typed, or `none`."""

from __future__ import annotations

from typing import Any

import click

from backend.cli.input.rate_or_word import RateOrWord
from backend.domain.jobs.options.bounds import Bound
from backend.domain.jobs.options.rate import Rate, RateWord

NONE = "none"


class MostOrNone(click.ParamType["int | str"]):
    """How many, or ``none``."""

    name = "most"

    def __init__(self, bound: Bound) -> None:
        self._range = click.IntRange(int(bound.least), int(bound.most))

    def convert(
        self, value: Any, param: click.Parameter | None, ctx: click.Context | None
    ) -> int | str:
        """The number, or the word."""
        return NONE if value == NONE else int(self._range.convert(value, param, ctx))


class StartsOrNone(RateOrWord):
    """``600/60`` (six hundred in a minute), ``600/60/20`` (twenty of them at once), or ``none``."""

    name = "starts"

    def convert(
        self, value: Any, param: click.Parameter | None, ctx: click.Context | None
    ) -> Rate | RateWord:
        """The rate, or the word in its place."""
        if value == RateWord.DECLARED:
            self.fail("say LIMIT/SECONDS, LIMIT/SECONDS/BURST or none", param, ctx)
        return super().convert(value, param, ctx)
