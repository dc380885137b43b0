"""The options of a job are defined once, every face has all of them, one place reads what a job carries."""

from __future__ import annotations

import re
from typing import Any

from backend.api.schemas.jobs import EnqueueRequest
from backend.cli.commands.jobs.group import jobs
from backend.domain.jobs.options.job_options import NOT_FOR_TICKS, OPTIONS, OWN
from tests.architecture.source_tree import CODE, ROOT, files, name_of

#: They say what is in the options that a job carries; everybody else asks them.
READERS = {"backend/domain/jobs/options/job_labels.py", "backend/domain/jobs/options/job_terms.py"}
_READ = re.compile(r"options(\.get\(|\[)[\"']|options\.pop\([\"']")
#: These write an option of a call that is being put together; mypy knows their keys.
_WRITTEN = {
    "backend/api/routers/plans.py": "a caller's options, with the tenant of its key",
    "backend/services/jobs/rehearsals.py": "a caller's options, with the tags of a test run",
    "backend/services/actions/jobs.py": "a replay, with the tenant of who asks",
}


def test_http_has_a_field_for_each_option() -> None:
    beside = {"job_type", "payload", "priority"}
    fields = EnqueueRequest.model_fields

    assert fields.keys() - beside == OPTIONS.keys()
    for name, option in OPTIONS.items():
        assert (fields[name].description or "").startswith(option.about), name


def test_the_command_line_has_a_flag_for_each_option() -> None:
    beside = {"job_type", "payload", "priority", "as_json"}
    for command, more in (("enqueue", {"patience"}), ("preview", set())):
        flags: dict[str, Any] = {flag.name or "": flag for flag in jobs.commands[command].params}

        assert flags.keys() - beside - more == OPTIONS.keys()
        for name, option in OPTIONS.items():
            assert flags[name].help.startswith(option.about), name


def test_callers_and_we_ourselves_say_different_things() -> None:
    assert OPTIONS.keys() & OWN.keys() == set()
    assert OPTIONS.keys() >= NOT_FOR_TICKS


def test_the_options_that_a_job_carries_are_read_in_one_place() -> None:
    found = {
        name_of(file)
        for file in files("*.py", *CODE)
        if _READ.search(file.read_text(encoding="utf-8"))
    }

    assert found - READERS == _WRITTEN.keys()


def test_pages_about_enqueueing_lead_to_every_option() -> None:
    for page in ("docs/api.md", "docs/how-to/enqueue-jobs.md", "docs/upgrade.md", "docs/README.md"):
        assert "job-options.md" in (ROOT / page).read_text(encoding="utf-8"), page
