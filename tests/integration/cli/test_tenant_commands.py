"""Quotas of tenants at a shell."""

from __future__ import annotations

import json
from typing import Any

from click.testing import CliRunner

from backend.bootstrap.current import platform
from backend.cli.input.identity import who
from backend.cli.main import tally
from backend.domain.jobs.options.quota import Quota
from backend.domain.jobs.options.rate import Rate
from tests.integration.cli.shell import Shell


def _quota() -> Quota | None:
    found = platform().quota_service.find("acme")
    return found.quota if found else None


def test_a_quota_is_said_shown_and_taken_away_with_a_name(shell: Shell) -> None:
    words = ("--waiting", "50000", "--running", "40", "--starts", "600/60")
    said = shell.run("tenants", "quota", "acme", *words, "--reason", "their contract")
    [found] = shell.json("tenants", "list")["tenants"]

    assert "acme: 50000 wait, 40 run, 600 in 60 s start" in said.talk + said.text
    assert (found["tenant"], found["by"], found["reason"]) == ("acme", who().name, "their contract")
    assert "0 of 50000" in shell.run("tenants", "list").text
    assert "0 of 40" in shell.run("tenants", "quota", "acme").text
    assert shell.json("tenants", "quota", "acme")["quota"]["waiting"] == 50000
    gone = shell.run("tenants", "quota", "acme", "--off")
    assert "acme: no quota any more" in gone.talk + gone.text
    assert shell.json("tenants", "list") == {"tenants": []}


def test_what_is_not_said_stays(shell: Shell) -> None:
    shell.run("tenants", "quota", "acme", "--waiting", "5", "--starts", "600/60/20")

    shell.run("tenants", "quota", "acme", "--running", "3")
    assert _quota() == Quota(5, 3, Rate(600, 60, 20))

    shell.run("tenants", "quota", "acme", "--waiting", "none", "--starts", "none")
    assert _quota() == Quota(running=3)

    shell.run("tenants", "quota", "acme", "--running", "none")
    assert _quota() is None


def test_a_script_is_told_how_the_tenant_stands_then(shell: Shell) -> None:
    said = shell.json("tenants", "quota", "acme", "--waiting", "5", "--running", "2")

    assert said == shell.json("tenants", "quota", "acme")
    assert (said["tenant"], said["quota"]["waiting"], said["waiting"]) == ("acme", 5, 0)
    both = ("--waiting", "none", "--running", "none")
    assert shell.json("tenants", "quota", "acme", *both) is None
    assert shell.json("tenants", "quota", "acme", "--off") is None
    assert _quota() is None


def test_what_is_not_there_or_contradicts_itself_is_refused(shell: Shell) -> None:
    assert "has no quota" in shell.run("tenants", "quota", "nobody", status=2).talk
    shell.run("tenants", "quota", "acme", "--waiting", "5")
    assert "did you mean" in shell.run("tenants", "quota", "acm", status=2).talk.lower()
    shell.run("tenants", "quota", "acme", "--off", "--waiting", "5", status=2)
    shell.run("tenants", "quota", "acme", "--waiting", "0", status=2)


def test_the_doctor_names_who_has_used_up_which(shell: Shell) -> None:
    assert _told(shell) == []
    shell.run("tenants", "quota", "acme", "--waiting", "1")
    [well] = _told(shell)
    assert (well["level"], well["text"]) == ("ok", "none of 1 tenants has used up its quota")
    platform().queue_service.enqueue_job("greet", {"name": "Ada"}, tenant="acme")

    [found] = _told(shell)

    assert (found["level"], found["code"]) == ("warning", "quota_used_up")
    assert found["text"] == (
        "the tenant 'acme' has used up its quota: 1 jobs wait of 1 that may: new ones are refused "
        "(tally tenants quota acme)"
    )
    assert found["remedy"] == "start more workers, or raise it: tally tenants quota"


def _told(shell: Shell) -> list[dict[str, Any]]:
    """What the doctor says of quotas, whatever else it finds."""
    ended = CliRunner().invoke(tally, ["doctor", "--json"])
    told = json.loads(ended.stdout)
    return [each for each in told if each["code"] in {"quotas", "quota_used_up"}]
