"""A pytest plugin: the run sees the Lua steps with one of the mutations of ``mutations.py``."""

from __future__ import annotations

import os

from backend.broker.server import library
from tests.architecture.mutations import MUTATIONS

_chosen = MUTATIONS[int(os.environ["TALLY_TEST_MUTATION"])]
_original = library.source_of


def _mutated(step: str) -> str:
    text = _original(step)
    return text.replace(_chosen.old, _chosen.new, 1) if step == _chosen.step else text


library.source_of = _mutated  # type: ignore[assignment]
