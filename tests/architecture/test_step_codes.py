"""The numbers that steps answer are those of their enums."""

from __future__ import annotations

import re
from enum import IntEnum

import pytest

from backend.broker.server.library import source_of
from backend.domain.jobs.step_codes import (
    CancelCode,
    DiscardCode,
    EnqueueCode,
    ExtendCode,
    MoveCode,
    RedriveCode,
    RunNowCode,
    SettleCode,
)

STEPS: dict[str, type[IntEnum]] = {
    "cancel": CancelCode,
    "discard": DiscardCode,
    "enqueue": EnqueueCode,
    "extend": ExtendCode,
    "redrive": RedriveCode,
    "reprioritise": MoveCode,
    "run_now": RunNowCode,
    "settle": SettleCode,
}


@pytest.mark.parametrize("step", STEPS)
def test_a_step_answers_the_numbers_of_its_enum(step: str) -> None:
    header = source_of(step)
    answers = re.search(
        r"^-- Returns  one an? \w+: (.*?)^(?!--   )", header, re.MULTILINE | re.DOTALL
    )

    assert answers is not None
    numbers = {int(number) for number in re.findall(r"(?<![\w'])-?\d\b", answers[1])}
    assert numbers == {code.value for code in STEPS[step]}
