"""The OpenAPI document against the application: what it allows is taken, what it does not is refused.

A few cases run with every test session. More than 5,000, of every phase:
``TALLY_TEST_FUZZ_EXAMPLES=20 pytest tests/integration/api/test_document_holds.py``
"""

from __future__ import annotations

import os
import re
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest
from flask import Flask
from werkzeug.serving import WSGIRequestHandler, make_server

from backend.api.app import create_app
from backend.embedded.servers import Servers
from tests.integration.api.wiring import BOOTSTRAP, ApiPlatform, parts_of

pytest.importorskip("schemathesis")

_HERE = Path(__file__).parent
_FULL = "TALLY_TEST_FUZZ_EXAMPLES" in os.environ
_EXAMPLES = int(os.environ.get("TALLY_TEST_FUZZ_EXAMPLES", "1"))
_PHASES = "examples,coverage,fuzzing,stateful" if _FULL else "fuzzing"
_SECONDS = 60 * 20


class _Quiet(WSGIRequestHandler):
    def log(self, *_: object) -> None:
        pass


@pytest.fixture(scope="module")
def app(
    servers: Servers, migrated: str, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Flask]:
    """The application as the document describes it, with answers that are never held back."""
    with closing(ApiPlatform(servers.redis_url, migrated, longest_wait=0)) as platform:
        yield create_app(parts_of(platform, tmp_path_factory.mktemp("artifacts")))


@pytest.fixture(scope="module")
def url(app: Flask) -> Iterator[str]:
    """Where the application is served."""
    server = make_server("127.0.0.1", 0, app, threaded=True, request_handler=_Quiet)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    yield f"http://127.0.0.1:{server.port}"
    server.shutdown()
    thread.join()
    server.server_close()


def _run(url: str, folder: Path, *more: str) -> str:
    command = [
        *(sys.executable, "-m", "schemathesis.cli"),
        *("--config-file", str(_HERE / "schemathesis.toml")),
        *("run", f"{url}/api/openapi.json", "--max-examples", str(_EXAMPLES)),
        *("--phases", _PHASES, "--continue-on-failure", "--no-color", *more),
    ]
    ended = subprocess.run(
        command,
        cwd=folder,
        env={
            **os.environ,
            "PYTHONPATH": os.pathsep.join([str(_HERE.parents[2]), *sys.path]),
            "SCHEMATHESIS_HOOKS": "tests.integration.api.schemathesis_hooks",
        },
        capture_output=True,
        text=True,
        timeout=_SECONDS,
        check=False,
    )
    assert ended.returncode == 0, ended.stdout[-8000:] + ended.stderr[-2000:]
    return ended.stdout


def _cases(report: str) -> int:
    match = re.search(r"(\d+) generated", report)
    assert match is not None, report
    return int(match[1])


@pytest.mark.timeout(_SECONDS)
def test_the_document_holds_for_a_caller_with_every_right(url: str, tmp_path: Path) -> None:
    report = _run(url, tmp_path, "--header", f"Authorization: Bearer {BOOTSTRAP}")

    assert _cases(report) > (5000 if _FULL else 60)


@pytest.mark.timeout(_SECONDS)
def test_the_document_holds_for_a_caller_without_a_token(url: str, tmp_path: Path) -> None:
    report = _run(url, tmp_path)

    assert _cases(report) > (5000 if _FULL else 60)
