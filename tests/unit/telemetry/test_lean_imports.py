"""Reading modules quickly leaves nothing odd behind."""

from __future__ import annotations

import subprocess
import sys

_AFTERWARDS = """
import gc, sys
from backend.telemetry.lean_imports import lean_imports
with lean_imports():
    assert not gc.isenabled()
    import structlog
assert gc.isenabled()
assert not any(name.partition(".")[0] in {"rich", "greenlet"} for name in sys.modules)
import greenlet, rich.console
structlog.dev.ConsoleRenderer(exception_formatter=structlog.dev.plain_traceback)
"""


def test_what_was_left_out_can_be_imported_afterwards() -> None:
    subprocess.run([sys.executable, "-c", _AFTERWARDS], check=True)


def test_an_error_while_reading_is_told_and_garbage_is_looked_for_again() -> None:
    code = """
import gc
from backend.telemetry.lean_imports import lean_imports
try:
    with lean_imports():
        import backend.no_such_module
except ModuleNotFoundError:
    assert gc.isenabled()
else:
    raise SystemExit(1)
"""
    subprocess.run([sys.executable, "-c", code], check=True)
