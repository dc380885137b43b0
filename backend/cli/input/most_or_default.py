"""A limit as it is typed: a number, or `default`."""

from __future__ import annotations

from typing import Any

import click

from backend.domain.jobs.options import bounds

_NUMBER = click.IntRange(0, int(bounds.LIMIT.most))


class MostOrDefault(click.ParamType[int | str]):
    """How many at once, or `default` for what is declared."""

    name = "most"

    def convert(
        self, value: Any, param: click.Parameter | None, ctx: click.Context | None
    ) -> int | str:
        """The number, or the word."""
        if value == "default":
            return "default"
        return int(_NUMBER.convert(value, param, ctx))
