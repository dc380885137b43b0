"""The function that every stored job names."""

from __future__ import annotations

import pytest

from workers.runtime import trampoline


@pytest.mark.parametrize("payload", [{}, {"name": "Ada"}, None, [1]])
def test_it_refuses_every_job_and_says_what_runs_it(payload: object) -> None:
    with pytest.raises(RuntimeError, match=r"'greet' is a job of Tally.*start-workers\.sh"):
        trampoline.run("greet", payload)
