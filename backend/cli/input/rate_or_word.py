"""The argument of a command that sets the rate of a job type."""

from __future__ import annotations

from typing import Any

import click

from backend.domain.errors import InvalidOption
from backend.domain.jobs.options.rate import Rate, RateWord


class RateOrWord(click.ParamType["Rate | RateWord"]):
    """``100/60`` (a hundred in a minute), ``100/60/5`` (five of them at once), ``none`` or ``default``."""

    name = "rate"

    def convert(
        self, value: Any, param: click.Parameter | None, ctx: click.Context | None
    ) -> Rate | RateWord:
        """The rate, or the word in its place."""
        if value in set(RateWord):
            return RateWord(value)
        numbers = str(value).split("/")
        try:
            limit, per, *burst = numbers
            return Rate(int(limit), float(per), *(int(most) for most in burst))
        except InvalidOption as error:
            self.fail(str(error), param, ctx)
        except (ValueError, TypeError):
            self.fail(
                f"{value!r}: say LIMIT/SECONDS, LIMIT/SECONDS/BURST, none or default", param, ctx
            )
