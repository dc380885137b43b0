"""Texts and paths as given. An empty one, as of a shell's variable that is not set, is refused."""

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


class GivenPath(click.Path):
    """A file or folder; an empty path would be the folder where one is."""

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Any:
        """The path itself."""
        if value == "":
            self.fail("it is empty; the folder where you are is called .", param, ctx)
        return super().convert(value, param, ctx)
