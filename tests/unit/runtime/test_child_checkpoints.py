"""What an isolated job wants kept is judged in its own process, not in that of its neighbours."""

from __future__ import annotations

from typing import Any

import pytest

from workers.runtime.children.child_checkpoints import ChildCheckpoints


@pytest.mark.parametrize(
    "value", ["x" * 17 * 1024, ["ä"] * 3300, float("nan"), object()], ids=lambda v: type(v).__name__
)
def test_what_no_checkpoint_may_be_is_refused_before_anybody_is_asked(value: Any) -> None:
    asked: list[dict[str, Any]] = []
    checkpoints = ChildCheckpoints(asked.append, lambda: {"number": 1, "value": None})

    with pytest.raises((ValueError, TypeError)):
        checkpoints.save(value)

    assert asked == []
