"""Settings from a shell."""

from __future__ import annotations

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
