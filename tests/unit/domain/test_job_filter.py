"""What a filter takes for a state."""

from __future__ import annotations

from typing import Any

import pytest

from backend.domain.errors import InvalidOption
from backend.domain.jobs.job_filter import JobFilter
from backend.domain.jobs.job_state import JobState


@pytest.mark.parametrize(
    "said", [{JobState.FAILED}, {"failed"}, ["failed"], ("failed", "failed"), "failed"]
)
def test_a_state_may_be_its_word(said: Any) -> None:
    assert JobFilter(states=said) == JobFilter(states=frozenset({JobState.FAILED}))


def test_a_word_that_is_no_state_is_refused_where_it_is_said() -> None:
    wrong: Any = {"faild"}

    with pytest.raises(InvalidOption, match="there is no state 'faild', did you mean 'failed'"):
        JobFilter(states=wrong)
