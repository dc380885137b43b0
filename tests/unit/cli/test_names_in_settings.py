"""Names in the settings that nothing has are told, with the nearest that there is."""

from __future__ import annotations

from typing import Any

import pytest

from backend.api.config.settings import Settings
from backend.cli.checks.finding import Level
from backend.cli.checks.names import check_names

_SECRET = {"crm": ["whsec_" + "a" * 32]}


@pytest.mark.parametrize(
    ("given", "said"),
    [
        (
            {"worker": {"lane_concurrency": {"emial": 2, "email": 2}}},
            (
                "worker.lane_concurrency names 'emial', and there is no lane of that name here, did you "
                "mean 'email'?"
            ),
        ),
        ({"worker": {"lane_grace": {"x": 2}}}, "worker.lane_grace names 'x', and there is no lane"),
        ({"worker": {"lane_async_slots": {"x": 2}}}, "worker.lane_async_slots names 'x', and"),
        ({"api": {"worker_lanes": ["emial"]}}, "api.worker_lanes names 'emial', and there is no"),
        (
            {"history": {"days_by_type": {"send_emial": 2}}},
            (
                "history.days_by_type names 'send_emial', and there is no job type of that name here, did "
                "you mean 'send_email'?"
            ),
        ),
        (
            {"callbacks": {"secret": "crn"}, "webhook": {"secrets": _SECRET}},
            (
                "callbacks.secret names 'crn', and there is no signing secret of that name here, did you "
                "mean 'crm'?"
            ),
        ),
        ({"webhook": {"default_secret": "crm"}}, "webhook.default_secret names 'crm', and"),
        ({"webhook": {"secret_hosts": {"crm": ["a"]}}}, "webhook.secret_hosts names 'crm', and"),
    ],
)
def test_a_name_that_nothing_has_is_told(given: dict[str, Any], said: str) -> None:
    [found] = _found(given)

    assert (found.code, found.level) == ("setting_names_nothing", Level.WARNING)
    assert found.text.startswith(said)


def test_names_that_are_there_are_well() -> None:
    assert not _found(
        {
            "worker": {"lane_concurrency": {"email": 2}, "lane_grace": {"default": "limit"}},
            "api": {"worker_lanes": ["all"]},
            "history": {"days_by_type": {"send_email": 2}},
            "callbacks": {"secret": "crm"},
            "webhook": {"secrets": _SECRET, "default_secret": "crm"},
        }
    )


def _found(given: dict[str, Any]) -> list[Any]:
    # What this machine's settings name is their own affair.
    empty = {"worker": {}, "api": {}, "history": {}, "callbacks": {}, "webhook": {}}
    settings = Settings.model_construct(
        **{
            name: Settings.model_fields[name].annotation(**{**empty[name], **given.get(name, {})})  # type: ignore[misc]
            for name in empty
        }
    )
    return list(check_names(settings, job_types=["send_email"], lanes=["default", "email"]))
