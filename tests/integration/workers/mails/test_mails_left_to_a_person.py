"""What is written down of a mail before and after it is handed over, where a person decides."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from backend.api.config.settings import SmtpSettings
from backend.api.config.worker_settings import MailSettings
from backend.domain.errors import PermanentFailure, QueueUnavailable, RetryLater
from tests.integration.workers.mail_servers import MailServer
from tests.workers_at_work import AtWork, Kept, Settings, context
from workers import email_worker
from workers.base_worker import StopRequested

SEED = {"to": "a@example.com", "subject": "Welcome!", "text": "Hi"}
Start = Callable[..., MailServer]


def reaching(settings: Settings, server: MailServer, policy: str = "fail") -> Settings:
    return settings.but(
        smtp=SmtpSettings(host="127.0.0.1", port=server.port, security="none", timeout=60),
        mail=MailSettings(unknown_outcome=policy),
    )


class Watched(Kept):
    """Tells how often something was kept, and may raise instead."""

    def __init__(self, **raised: BaseException) -> None:
        super().__init__()
        self.saved = 0
        self.raised = {int(number.removeprefix("at_")): error for number, error in raised.items()}

    def save(self, value: Any) -> None:
        self.saved += 1
        if self.saved in self.raised:
            raise self.raised[self.saved]
        super().save(value)


def test_a_mail_that_nobody_shall_decide_about_is_written_down_nowhere(
    settings: Settings, start_mail_server: Start
) -> None:
    server, kept = start_mail_server(), Watched()

    with AtWork(email_worker, reaching(settings, server, "retry")) as worker:
        worker.run("send_email", SEED, context(checkpoints=kept))

    assert kept.saved == 0


def test_a_mail_that_was_confirmed_is_not_sent_again_when_its_attempt_is(
    settings: Settings, start_mail_server: Start
) -> None:
    """Its worker may have been killed before its end was kept."""
    server, kept = start_mail_server(), Watched()

    with AtWork(email_worker, reaching(settings, server)) as worker:
        for _ in range(2):
            result = worker.run("send_email", SEED, context(checkpoints=kept))

    assert len(server.inbox.mails) == 1
    assert (result["recipients"], result["refused"]) == (1, {})


def test_a_mail_whose_answer_was_not_kept_is_left_to_a_person(
    settings: Settings, start_mail_server: Start
) -> None:
    server, kept = start_mail_server(), Watched(at_2=StopRequested())

    with AtWork(email_worker, reaching(settings, server)) as worker:
        with pytest.raises(StopRequested):
            worker.run("send_email", SEED, context(checkpoints=kept))
        with pytest.raises(PermanentFailure, match=r"it may have been sent to a@example.com"):
            worker.run("send_email", SEED, context(checkpoints=kept))

    assert len(server.inbox.mails) == 1


def test_a_mail_that_the_server_refused_is_tried_again_and_nobody_is_asked(
    settings: Settings, start_mail_server: Start
) -> None:
    server, kept = start_mail_server(), Watched()
    server.inbox.answers["DATA"] = "451 later"

    with AtWork(email_worker, reaching(settings, server)) as worker:
        with pytest.raises(RetryLater, match="451 later"):
            worker.run("send_email", SEED, context(checkpoints=kept))
        server.inbox.answers.clear()
        worker.run("send_email", SEED, context(checkpoints=kept))

    assert len(server.inbox.mails) == 1


def test_a_mail_that_cannot_be_written_down_is_not_sent(
    settings: Settings, start_mail_server: Start
) -> None:
    server, kept = start_mail_server(), Watched(at_1=QueueUnavailable("Redis is away"))

    with (
        AtWork(email_worker, reaching(settings, server)) as worker,
        pytest.raises(RetryLater, match="nothing was sent"),
    ):
        worker.run("send_email", SEED, context(checkpoints=kept))

    assert server.inbox.mails == []


def test_what_was_left_to_a_person_is_sent_where_nobody_is_asked_any_more(
    settings: Settings, start_mail_server: Start
) -> None:
    server, kept = start_mail_server(), Watched(at_2=StopRequested())

    with (
        AtWork(email_worker, reaching(settings, server)) as worker,
        pytest.raises(StopRequested),
    ):
        worker.run("send_email", SEED, context(checkpoints=kept))
    with AtWork(email_worker, reaching(settings, server, "retry")) as worker:
        worker.run("send_email", SEED, context(checkpoints=kept))

    assert len(server.inbox.mails) == 2
