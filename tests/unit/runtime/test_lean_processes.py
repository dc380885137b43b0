"""What idle processes have read: each module is memory that every host pays for as long as they run."""

from __future__ import annotations

import json
import subprocess
import sys

import pytest

_NEEDLESS = {
    "workers.processes.supervisor": {
        "pydantic",
        "click",
        "yaml",
        "sqlalchemy",
        "psycopg2",
        "urllib3",
        "flask",
        "redis",
        "hiredis",
        "prometheus_client",
        "http",
        "psutil",
        "structlog",
        "asyncio",
        "ssl",
        "greenlet",
    },
    "workers.processes.rescue": {"pydantic", "click", "yaml", "sqlalchemy", "psycopg2", "flask"},
    "workers.processes.worker": {
        "click",
        "sqlalchemy",
        "psycopg2",
        "flask",
        "rich",
        "prometheus_client",
        "yaml",
        "urllib3",
        "greenlet",
    },
}
_READ = """
import importlib, json, sys
# As without the extra: redis reads it where it is installed.
sys.modules["opentelemetry"] = None
from backend.telemetry.lean_imports import lean_imports
lean = {"workers.processes.supervisor", "workers.processes.rescue"}
with lean_imports(reads_structlog=sys.argv[-1] not in lean):
    importlib.import_module(sys.argv[1])
print(json.dumps(sorted(name for name, module in sys.modules.items() if module)))
"""
_KNOW = """
    from backend.bootstrap.job_type_modules import OWN_MODULES
    for name in OWN_MODULES:
        importlib.import_module(name)
"""


@pytest.mark.parametrize(
    ("program", "most"),
    [
        ("workers.processes.supervisor", 179),
        ("workers.processes.worker", 687),
        ("workers.processes.rescue", 361),
    ],
)
def test_a_process_reads_no_more_than_it_needs(program: str, most: int) -> None:
    told = subprocess.run(
        [sys.executable, "-c", _READ, program], capture_output=True, text=True, check=True
    )
    read = json.loads(told.stdout)

    assert _NEEDLESS[program] & {name.partition(".")[0] for name in read} == set()
    assert len(read) <= most


def test_to_know_a_job_type_is_not_to_read_what_does_the_work() -> None:
    code = _READ.replace("importlib.import_module(sys.argv[1])", _KNOW)

    told = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)

    read = json.loads(told.stdout)
    assert "workers.webhook_worker" in read
    assert {"urllib3", "yaml", "smtplib", "html"} & set(read) == set()
    assert {"workers.mail.composer", "workers.reports.composer"} & set(read) == set()
