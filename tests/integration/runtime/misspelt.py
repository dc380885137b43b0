"""A job package whose middleware is for a job type that nobody declared."""

from __future__ import annotations

import tally


class Licence(tally.Middleware):
    """Does nothing."""

    def on_ended(self, ended: tally.AttemptEnd) -> None:
        """Is never told."""


tally.use(Licence(), job_types=["noet"])
