"""docs/api.md: its examples are run as they stand, its tables are those of the code."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from flask import Flask
from werkzeug.serving import WSGIRequestHandler, make_server

from backend.api.http.error_handlers import problem_kinds
from backend.api.http.reference import operations_table, statuses_table
from tests.integration.api.caller import Caller
from tests.integration.api.wiring import BOOTSTRAP

_PAGE = (Path(__file__).parents[3] / "docs" / "api.md").read_text(encoding="utf-8")
_EXAMPLES = re.findall(r"```sh\n(.*?)```\n\n```json\n(.*?)```", _PAGE, re.DOTALL)
_PYTHON = re.findall(r"```python\n(.*?)```", _PAGE, re.DOTALL)


_BASH = shutil.which("bash") or "/bin/bash"


class _Quiet(WSGIRequestHandler):
    def log(self, *_: object) -> None:
        pass


@pytest.fixture
def url(app: Flask) -> Iterator[str]:
    """Where the API listens."""
    server = make_server("127.0.0.1", 0, app, threaded=True, request_handler=_Quiet)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    yield f"http://127.0.0.1:{server.port}"
    server.shutdown()
    thread.join()
    server.server_close()


def test_the_page_has_examples_of_all_that_matters() -> None:
    assert len(_EXAMPLES) >= 12
    assert len(_EXAMPLES) == _PAGE.count("```sh\n")


@pytest.mark.skipif(shutil.which("curl") is None, reason="curl is not installed")
@pytest.mark.parametrize(
    ("command", "shown"), _EXAMPLES, ids=[str(n) for n in range(len(_EXAMPLES))]
)
def test_an_example_answers_as_the_page_shows(
    command: str, shown: str, url: str, admin: Caller
) -> None:
    admin.enqueue("anything", job_id="demo-job", tags=["demo"])

    ended = subprocess.run(
        [_BASH, "-euo", "pipefail", "-c", command],
        env={**os.environ, "TALLY_URL": url, "TALLY_TOKEN": BOOTSTRAP},
        capture_output=True,
        text=True,
        timeout=60,
        check=True,
    )

    _compare(json.loads(shown), json.loads(ended.stdout))


def _compare(shown: Any, answered: Any) -> None:
    """Every name that is shown is there, with the same kind of value."""
    if isinstance(shown, dict):
        for name, value in shown.items():
            assert name in answered, (name, answered)
            _compare(value, answered[name])
    elif isinstance(shown, list):
        assert isinstance(answered, list)
        for one, other in zip(shown, answered, strict=False):
            _compare(one, other)
    elif isinstance(shown, bool | str):
        assert type(answered) is type(shown)


def test_the_python_example_runs(url: str, capsys: pytest.CaptureFixture[str]) -> None:
    for source in _PYTHON:
        exec(compile(source, "docs/api.md", "exec"), {"url": url, "token": BOOTSTRAP})  # noqa: S102

    printed = capsys.readouterr().out
    assert "queued" in printed
    assert "invalid_payload" in printed


def test_the_tables_are_those_of_the_code() -> None:
    assert operations_table() in _PAGE
    assert statuses_table() in _PAGE


def test_the_codes_that_a_table_of_kinds_leaves_out_come_with_the_status_that_is_told() -> None:
    told = _PAGE.partition("stand for their kinds: ")[2].partition("\n\n")[0]

    found = {
        code: int(status)
        for codes, status in re.findall(r"((?:`\w+`(?:, | and |\s)*)+)\((\d+)\)", told)
        for code in re.findall(r"`(\w+)`", codes)
    }
    assert len(found) == 7
    assert found == {code: problem_kinds()[code][0] for code in found}
