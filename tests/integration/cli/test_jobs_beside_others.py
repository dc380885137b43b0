"""At a shell: the twin of a job, what stands before one, and how one stands beside others."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.integration.cli.shell import Shell

ADA = ("greet", '{"name": "Ada"}')


@pytest.fixture
def paused(shell: Shell) -> Iterator[None]:
    """Nothing of the queue starts."""
    shell.run("queues", "pause", "normal", "--reason", "disk")
    yield
    shell.run("queues", "resume", "normal")


@pytest.fixture
def fair(shell: Shell) -> Iterator[None]:
    """Tenants take turns."""
    shell.run("queues", "fair", "normal", "--by", "tenant")
    yield
    shell.run("queues", "fair", "normal", "--off")


@pytest.mark.usefixtures("paused")
def test_a_preview_names_the_twin_and_what_stands_before_it(shell: Shell) -> None:
    first = shell.run("jobs", "enqueue", *ADA, "--unique", "started").text.strip()

    said = shell.run("jobs", "preview", *ADA, "--unique", "started").text

    assert f"job {first} is the same and keeps others out, until it has started" in said
    assert "the queue normal" in said
    shown = shell.json("jobs", "preview", *ADA, "--unique", "started")
    assert shown["twin"]["job_id"] == first
    assert [gate["code"] for gate in shown["gates"]] == ["paused", "no_worker"]


@pytest.mark.usefixtures("fair")
def test_a_job_is_shown_with_its_key_its_holder_and_its_line(shell: Shell) -> None:
    words = ("--unique", "started", "--tenant", "acme")
    job_id = shell.run("jobs", "enqueue", *ADA, *words).text.strip()

    said = shell.run("jobs", "show", job_id).text
    shown = shell.json("jobs", "show", job_id)["job"]

    facts = {line.split("  ")[0].strip(): line.split()[-1] for line in said.splitlines() if line}
    assert facts["held by"] == job_id
    assert facts["unique key"] == shown["unique_key"]
    assert "by tenant: acme" in said
    assert (shown["unique_holder"], shown["fair_by"], shown["fair_key"]) == (
        job_id,
        "tenant",
        "acme",
    )


def test_a_job_is_shown_with_its_destination(shell: Shell) -> None:
    payload = '{"url": "https://hooks.example.com/in"}'
    job_id = shell.run("jobs", "enqueue", "send_webhook", payload).text.strip()

    assert "webhook:hooks.example.com:443" in shell.run("jobs", "show", job_id).text
