"""`tally dev`: one command, one port, one log, one Ctrl-C."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
import urllib3

from tests.eventually import eventually
from tests.free_port import free_port
from tests.integration.development.dev_process import Project, Running, dev
from tests.process_ends import are_gone


class Dev:
    """The `tally dev` of this file, and its project."""

    def __init__(self, folder: Path) -> None:
        self.project = Project(folder)
        self.running, self.port = dev(self.project)


@pytest.fixture(scope="module")
def here(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Dev]:
    """One for all tests, none of which ends it."""
    started = Dev(tmp_path_factory.mktemp("project"))
    yield started
    started.running.end()


def test_what_a_program_of_the_project_enqueues_is_done(here: Dev) -> None:
    here.project.write("done")

    eventually(lambda: here.project.answer() == "done", timeout=30, show=here.running.said)


def test_its_pages_open_with_the_token_that_it_tells(here: Dev) -> None:
    token = here.running.said().partition("sign in    ")[2].split()[0]
    address = f"http://127.0.0.1:{here.port}"

    # The pages, too, start again when code changes, as it did in another test.
    status = eventually(lambda: _status(f"{address}/api/jobs", token), 30, here.running.said)

    assert f"{address}/dashboard/jobs" in here.running.said()
    assert status == 200


def _status(address: str, token: str) -> int:
    """0 while nobody answers."""
    headers = {"Authorization": f"Bearer {token}"}
    try:
        return urllib3.request("GET", address, headers=headers, retries=False).status
    except urllib3.exceptions.HTTPError:
        return 0


def test_each_line_is_under_the_name_of_its_process(here: Dev) -> None:
    lines = here.running.said().splitlines()

    heads = {line.partition(" | ")[0].strip() for line in lines if not line.startswith("▸")}
    assert heads == {"api", "worker", "scheduler", "recorder"}


def test_code_that_cannot_be_imported_is_told_and_the_old_goes_on(here: Dev) -> None:
    here.project.write("old")
    eventually(lambda: here.project.answer() == "old", timeout=30, show=here.running.said)
    told = here.running.said().count("the old code goes on")

    here.project.put("def broken(:\n")

    here.running.says("the old code goes on", times=told + 1)
    assert "SyntaxError: invalid syntax (answers.py, line 1)" in here.running.said()
    asked = here.project.run("-m", "backend.cli.main", "workers", "list")
    assert "default" in asked.stdout, asked.stderr

    here.project.write("mended")
    eventually(lambda: here.project.answer() == "mended", timeout=30, show=here.running.said)


def test_a_port_that_is_taken_is_told_before_anything_starts(here: Dev, tmp_path: Path) -> None:
    second = Project(tmp_path).run("-m", "backend.cli.main", "dev", f"--port={here.port}")

    assert second.returncode == 1
    assert second.stderr == (
        f"tally: port {here.port} cannot be used: something listens there already; choose another, as "
        f"in: tally dev --port {here.port + 1} [configuration_error]\n"
    )
    assert not (tmp_path / ".tally").exists()


def test_no_version_control_takes_in_what_its_servers_keep(here: Dev) -> None:
    assert (here.project.folder / ".tally" / ".gitignore").read_text() == "*\n"


def test_ctrl_c_ends_all_that_it_started_and_nothing_points_to_it(tmp_path: Path) -> None:
    running, _ = dev(Project(tmp_path))
    below = running.below()

    running.interrupt()

    assert running.process.wait(120) == 0
    assert len(below) >= 8
    assert are_gone(below)
    assert not (tmp_path / ".tally" / "env").exists()


def test_when_its_recorder_ends_it_says_so_and_ends_as_well(tmp_path: Path) -> None:
    running, _ = dev(Project(tmp_path))
    below = running.below()

    running.child("recorder").kill()

    assert running.process.wait(120) == 1
    assert "the recorder ended with status -9; so everything stops" in running.said()
    assert are_gone(below)


def test_code_that_is_broken_from_the_start_starts_when_it_is_mended(tmp_path: Path) -> None:
    project = Project(tmp_path)
    project.put("import nothing_of_that_name\n")
    running = Running(project, "dev", f"--port={free_port()}")
    running.says("it starts when a file changes")

    project.write("mended")

    eventually(lambda: project.answer() == "mended", timeout=30, show=running.said)
    assert running.end() == 0


def test_a_second_one_of_the_project_is_refused_and_changes_nothing(here: Dev) -> None:
    state = here.project.folder / ".tally"
    told = (state / "env").read_text()

    for port in ((), (f"--port={free_port()}",)):
        refused = here.project.run("-m", "backend.cli.main", "dev", *port)

        assert (refused.returncode, refused.stdout) == (1, "")
        assert refused.stderr == (
            f"tally: process {here.running.process.pid} runs on {state} already: use what it started,"
            " stop it, or start beside it what has a folder and a port of its own, as in:"
            " tally dev --state-dir .tally-2 --port 8001 [state_in_use]\n"
        )
    assert (state / "env").read_text() == told


def test_one_with_a_folder_of_its_own_stands_beside_it(here: Dev) -> None:
    here.project.write("as before")
    beside, _ = dev(here.project, "--state-dir=.tally-2")
    stores = [(here.project.folder / state / "env").read_text() for state in (".tally", ".tally-2")]

    assert beside.end() == 0

    assert not set(stores[0].splitlines()) & set(stores[1].splitlines())
    eventually(lambda: here.project.answer() == "as before", timeout=30, show=here.running.said)


def test_in_production_it_refuses(tmp_path: Path) -> None:
    refused = Project(tmp_path, TALLY_ENV="production").run("-m", "backend.cli.main", "dev")

    assert refused.returncode == 1
    assert "tally dev is not for production" in refused.stderr


def test_with_jobs_in_memory_it_refuses(tmp_path: Path) -> None:
    refused = Project(tmp_path, REDIS_URL="memory:").run("-m", "backend.cli.main", "dev")

    assert refused.returncode == 1
    assert "redis_url is memory:" in refused.stderr
