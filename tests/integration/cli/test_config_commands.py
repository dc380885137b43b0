"""Settings from a shell."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.integration.cli.shell import Shell


def test_settings_are_shown_by_how_they_begin(shell: Shell) -> None:
    shown = shell.run("config", "show", "worker").text

    assert "worker.lease" in shown
    assert "redis" not in shown


def test_a_setting_that_does_not_exist_is_refused_with_the_nearest_name(shell: Shell) -> None:
    assert (
        "did you mean 'worker.lease'?" in shell.run("config", "show", "worker.laese", status=2).talk
    )
    assert (
        "there is no setting 'nonsense'" in shell.run("config", "show", "nonsense", status=2).talk
    )


def test_settings_at_their_default_are_said_to_be(shell: Shell) -> None:
    said = shell.run("config", "show", "worker.lease", "--changed").text

    assert said == "every setting of worker.lease is at its default\n"


def test_good_settings_are_said_to_be_good(shell: Shell, tmp_path: Path) -> None:
    assert shell.run("config", "check").text == (
        f"the settings are good; file: {tmp_path / 'config.yaml'}\n"
    )


def test_names_that_nothing_has_are_told_and_are_no_mistake(shell: Shell, tmp_path: Path) -> None:
    (tmp_path / "config.yaml").write_text("worker: {lane_concurrency: {emial: 2}}\n")

    checked = shell.run("config", "check")

    assert "worker.lane_concurrency names 'emial', and there is no lane of that" in checked.talk
    assert "did you mean 'email'?" in checked.talk
    assert "the settings are good" in checked.text


def test_a_check_imports_the_job_packages(
    shell: Shell, environment: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    (tmp_path / "raises_at_once.py").write_text("\nraise ValueError('boom')\n")
    environment.syspath_prepend(str(tmp_path))
    environment.setenv("TALLY_JOB_PACKAGES", '["raises_at_once"]')

    assert shell.run("config", "check", status=1).talk == (
        "tally: job types cannot be loaded: job package 'raises_at_once' cannot be imported: "
        f"ValueError: boom ({tmp_path}/raises_at_once.py, line 2); correct it, or correct "
        "TALLY_JOB_PACKAGES\n"
    )


def test_a_check_tries_schedules_and_subscriptions(shell: Shell, tmp_path: Path) -> None:
    (tmp_path / "config.yaml").write_text(
        """
schedules:
  no-receiver: {job_type: send_email, payload: {subject: Hi}, cron: "@daily"}
  for-ever: {job_type: note, interval: 60, options: {result_ttl: 9223372036854775807}}
  good: {job_type: note, interval: 60}
events:
  subscriptions:
    paid: [{job_type: note, options: {max_retries: 2147483648}}]
"""
    )

    lines = shell.run("config", "check", status=1).talk.splitlines()

    assert lines == [
        (
            "tally: schedule 'for-ever': result_ttl must be a whole number of seconds from 0 to "
            "31622400, not 9223372036854775807"
        ),
        "tally: schedule 'no-receiver': the payload does not fit 'send_email': to: Field required",
        (
            "tally: subscription 'note' of event 'paid': max_retries must be a whole number from 0 "
            "to 1000, not 2147483648"
        ),
    ]
    assert {"schedule_refused", "subscription_refused"} <= {
        finding["code"] for finding in shell.json("doctor", status=1)
    }
