"""Texts of options. An empty one, as of a shell's variable that is not set, is refused, not left out."""

from __future__ import annotations

from typing import Any

import click


class GivenText(click.ParamType[str]):
    """A text of one character at least: without it an action would touch more than was meant."""

    name = "text"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> str:
        """The text itself."""
        if value == "":
            self.fail("it is empty; leave the option out where it says nothing", param, ctx)
        return str(value)


GIVEN = GivenText()
