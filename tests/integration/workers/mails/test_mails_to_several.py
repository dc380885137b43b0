"""Mails to several recipients of whom the server takes some: who has the mail gets no second copy."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

import pytest

from backend.api.config.settings import SmtpSettings
from backend.domain.access.actor import Actor
from backend.domain.errors import QueueUnavailable, RetryLater
from tests.integration.runtime.cluster import Cluster
from tests.integration.workers.mail_servers import MailServer
from tests.workers_at_work import AtWork, Kept, Settings, context
from workers import email_worker

ADA = Actor("ada")
SEED = {"subject": "Welcome!", "text": "Hi"}
Start = Callable[..., MailServer]


def reaching(settings: Settings, server: MailServer) -> Settings:
    smtp = SmtpSettings(host="127.0.0.1", port=server.port, security="none", timeout=60)
    return settings.but(smtp=smtp)


def test_the_mail_goes_to_those_whom_the_server_takes(
    settings: Settings, start_mail_server: Start
) -> None:
    server = start_mail_server()
    server.inbox.answers["ghost@example.com"] = "550 no such user"

    with AtWork(email_worker, reaching(settings, server)) as worker:
        result = worker.run("send_email", {**SEED, "to": ["a@example.com", "ghost@example.com"]})

    assert result["recipients"] == 1
    assert result["refused"] == {"ghost@example.com": "550 no such user"}
    assert server.inbox.mails[0].recipients == ["a@example.com"]


def test_who_must_wait_keeps_the_mail_from_nobody_and_nobody_gets_it_twice(
    settings: Settings, start_mail_server: Start
) -> None:
    server = start_mail_server()
    everybody = ["a@example.com", "slow@example.com", "ghost@example.com", "b@example.com"]
    server.inbox.answers["slow@example.com"] = "450 greylisted"
    server.inbox.answers["ghost@example.com"] = "550 no such user"
    kept = Kept()

    with AtWork(email_worker, reaching(settings, server)) as worker:
        with pytest.raises(RetryLater) as later:
            worker.run("send_email", {**SEED, "to": everybody}, context(checkpoints=kept))
        del server.inbox.answers["slow@example.com"]
        result = worker.run("send_email", {**SEED, "to": everybody}, context(checkpoints=kept))

    assert str(later.value) == (
        "the mail server cannot take the recipient slow@example.com: 450 greylisted now; 2 of 4 "
        "recipients have the mail and will not get it again; it refuses the recipient ghost@example.com: "
        "550 no such user"
    )
    assert [mail.recipients for mail in server.inbox.mails] == [
        ["a@example.com", "b@example.com"],
        ["slow@example.com"],
    ]
    assert result["recipients"] == 3
    assert result["refused"] == {"ghost@example.com": "550 no such user"}


def test_a_server_that_takes_few_recipients_at_once_gets_the_mail_several_times(
    settings: Settings, start_mail_server: Start
) -> None:
    """RFC 5321, 4.5.3.1.10: whom it does not take with a 452 belongs into another transaction."""
    server = start_mail_server(most_recipients=5)
    everybody = [f"r{number}@example.com" for number in range(12)]

    with AtWork(email_worker, reaching(settings, server)) as worker:
        result = worker.run("send_email", {**SEED, "to": everybody})

    assert [len(mail.recipients) for mail in server.inbox.mails] == [5, 5, 2]
    assert [one for mail in server.inbox.mails for one in mail.recipients] == everybody
    assert {mail.message["To"] for mail in server.inbox.mails} == {", ".join(everybody)}
    assert result["recipients"] == 12
    assert server.inbox.connections == 1


def test_whom_an_older_server_finds_too_many_get_the_mail_by_another_transaction(
    settings: Settings, start_mail_server: Start
) -> None:
    """RFC 5321, 4.5.3.1.10: some say 552 for what is 452."""
    server = start_mail_server(most_recipients=2)
    server.inbox.too_many = "552 too many recipients"

    with AtWork(email_worker, reaching(settings, server)) as worker:
        result = worker.run(
            "send_email", {**SEED, "to": ["a@x.example", "b@x.example", "c@x.example"]}
        )

    assert [len(mail.recipients) for mail in server.inbox.mails] == [2, 1]
    assert (result["recipients"], result["refused"]) == (3, {})


def test_a_full_mailbox_among_others_is_tried_again_alone(
    settings: Settings, start_mail_server: Start
) -> None:
    server = start_mail_server()
    server.inbox.answers["full@example.com"] = "452 4.2.2 mailbox full"
    everybody = ["a@example.com", "full@example.com", "b@example.com"]

    with (
        AtWork(email_worker, reaching(settings, server)) as worker,
        pytest.raises(RetryLater, match=r"full@example.com: 452 4.2.2 mailbox full now; 2 of 3"),
    ):
        worker.run("send_email", {**SEED, "to": everybody})

    assert [one for mail in server.inbox.mails for one in mail.recipients] == [
        "a@example.com",
        "b@example.com",
    ]


def test_a_connection_lost_between_two_transactions_repeats_neither(
    settings: Settings, start_mail_server: Start
) -> None:
    server = start_mail_server(most_recipients=1)
    server.inbox.answers["DATA 2"] = "451 later"
    kept = Kept()
    everybody = {**SEED, "to": ["a@example.com", "b@example.com"]}

    with AtWork(email_worker, reaching(settings, server)) as worker:
        with pytest.raises(RetryLater, match="451 later"):
            worker.run("send_email", everybody, context(checkpoints=kept))
        server.inbox.answers.clear()
        worker.run("send_email", everybody, context(checkpoints=kept))

    assert [mail.recipients for mail in server.inbox.mails] == [
        ["a@example.com"],
        ["b@example.com"],
    ]


def test_who_is_refused_is_tried_again_with_those_who_wait(
    settings: Settings, start_mail_server: Start
) -> None:
    """A person may have mended the server, and redriven the job for just that."""
    server, kept = start_mail_server(), Kept()
    server.inbox.answers["a@example.com"] = "550 no such user"
    server.inbox.answers["b@example.com"] = "451 busy"
    both = {**SEED, "to": ["a@example.com", "b@example.com"]}

    with AtWork(email_worker, reaching(settings, server)) as worker:
        with pytest.raises(RetryLater) as later:
            worker.run("send_email", both, context(checkpoints=kept))
        server.inbox.answers.clear()
        result = worker.run("send_email", both, context(checkpoints=kept))

    assert str(later.value) == (
        "the mail server cannot take the recipient b@example.com: 451 busy now; it refuses the "
        "recipient a@example.com: 550 no such user"
    )
    assert [mail.recipients for mail in server.inbox.mails] == [["a@example.com", "b@example.com"]]
    assert (result["recipients"], result["refused"]) == (2, {})


def test_a_redriven_job_reaches_those_whom_the_server_had_refused(
    start_mail_server: Start, deploy_email: Callable[..., Cluster]
) -> None:
    server = start_mail_server()
    server.inbox.answers["ghost@example.com"] = "550 no such user"
    server.inbox.answers["slow@example.com"] = "451 busy"
    cluster = deploy_email(server)
    cluster.workers("email")
    everybody = ["a@example.com", "ghost@example.com", "slow@example.com"]

    job_id = cluster.platform.queue_service.enqueue_job(
        "send_email", {**SEED, "to": everybody}, max_retries=0
    )
    dead = cluster.ended(job_id)
    server.inbox.answers.clear()
    cluster.platform.job_control.redrive(job_id, by=ADA)
    ended = cluster.ended(job_id)

    assert dead.error is not None
    assert "it refuses the recipient ghost@example.com: 550 no such user" in dead.error.message
    assert (ended.state, ended.result["recipients"]) == ("finished", 3)
    assert [mail.recipients for mail in server.inbox.mails] == [[everybody[0]], everybody[1:]]


class KeptLate(Kept):
    """Of a Redis that is away for a moment."""

    refusals = 3

    def save(self, value: Any) -> None:
        if self.refusals:
            self.refusals -= 1
            raise QueueUnavailable("Redis cannot be reached")
        super().save(value)


def test_who_has_the_mail_is_kept_once_redis_is_back(
    settings: Settings, start_mail_server: Start
) -> None:
    server, kept = start_mail_server(), KeptLate()
    server.inbox.answers["slow@example.com"] = "451 greylisted"
    mail = {**SEED, "to": ["a@example.com", "slow@example.com"]}

    with AtWork(email_worker, reaching(settings, server)) as worker:
        for _ in range(2):
            with pytest.raises(RetryLater, match=r"slow@example.com: 451 greylisted"):
                worker.run("send_email", mail, context(checkpoints=kept))

    assert [mail.recipients for mail in server.inbox.mails] == [["a@example.com"]]


def test_a_redis_that_stays_away_is_not_waited_for_beyond_the_job_s_time(
    settings: Settings, start_mail_server: Start
) -> None:
    server, kept = start_mail_server(most_recipients=1), KeptLate()
    kept.refusals = 1000
    mail = {**SEED, "to": ["a@example.com", "b@example.com"]}
    # Longer than a busy machine takes until the server has the first mail.
    given = context(checkpoints=kept, deadline=time.monotonic() + 20)

    with (
        AtWork(email_worker, reaching(settings, server)) as worker,
        pytest.raises(
            RetryLater, match="that 1 of 2 recipients have the mail, who may get it again"
        ),
    ):
        worker.run("send_email", mail, given)


def test_who_has_the_mail_gets_no_second_one_whatever_the_server_says_of_others(
    settings: Settings, start_mail_server: Start
) -> None:
    server, kept = start_mail_server(), Kept()
    ghosts = [f"somebody.who.left.{number}@example.com" for number in range(48)]
    for ghost in ghosts:
        server.inbox.answers[ghost] = f"550 {'no such user here, ' * 20}"
    server.inbox.answers["slow@example.com"] = "451 greylisted"
    mail = {**SEED, "to": ["a@example.com", "slow@example.com", *ghosts]}

    with AtWork(email_worker, reaching(settings, server)) as worker:
        for _ in range(2):
            with pytest.raises(RetryLater) as later:
                worker.run("send_email", mail, context(checkpoints=kept))

    assert [mail.recipients for mail in server.inbox.mails] == [["a@example.com"]]
    assert "slow@example.com: 451 greylisted" in str(later.value)
    assert "1 of 50 recipients have the mail" in str(later.value)[:2000]
    assert "43 more" in str(later.value)
