"""What a mail server says, or leaves unsaid, decides whether a mail is tried again."""

from __future__ import annotations

import itertools
import socket
import time
from collections.abc import Callable

import pytest

from backend.api.config.settings import SmtpSettings
from backend.api.config.worker_settings import MailSettings
from backend.domain.errors import PermanentFailure, RetryLater
from tests.integration.workers.mail_servers import MailServer, RudeServer, drop
from tests.workers_at_work import AtWork, Settings, context
from workers import email_worker
from workers.mail.outcome_unknown import OutcomeUnknown
from workers.mail.smtp_connection import MailServerUnusable

SEED = {"to": "user@example.com", "subject": "Welcome!", "text": "Hi"}
Start = Callable[..., RudeServer]


def reaching(
    settings: Settings, server: RudeServer | MailServer, timeout: float = 60, **mail: object
) -> Settings:
    return settings.but(
        smtp=SmtpSettings(host="127.0.0.1", port=server.port, security="none", timeout=timeout),
        mail=MailSettings(**mail),
    )


ANSWERS = [
    ("MAIL", b"550 bad sender\r\n", PermanentFailure, "refuses the sender: 550 bad sender"),
    ("MAIL", b"451 busy\r\n", RetryLater, "cannot take the sender: 451 busy now"),
    ("RCPT", b"550 no such user\r\n", PermanentFailure, "user@example.com: 550 no such user"),
    ("RCPT", b"553-a\r\n553 b\r\n", PermanentFailure, "553 a b"),
    ("RCPT", b"450 greylisted\r\n", RetryLater, "user@example.com: 450 greylisted"),
    ("RCPT", b"452 mailbox full\r\n", RetryLater, "452 mailbox full"),
    ("RCPT", b"421 too many\r\n", MailServerUnusable, "is closing at the recipient"),
    ("DATA", b"554 no valid recipients\r\n", PermanentFailure, "refuses the mail: 554"),
    ("DATA", b"451 later\r\n", RetryLater, "451 later"),
    (".", b"552 too big\r\n", PermanentFailure, "refuses the mail: 552 too big"),
    (".", b"451 later\r\n", RetryLater, "451 later"),
    (".", b"SSH-2.0-OpenSSH\r\n", OutcomeUnknown, "may have been sent"),
    (".", b"354 go on\r\n", OutcomeUnknown, "may have been sent"),
    (".", b"421 closing\r\n", MailServerUnusable, "is closing at the mail"),
    (".", b"650 what\r\n", OutcomeUnknown, "may have been sent"),
    ("MAIL", b"hello\r\n", MailServerUnusable, "no answer of a mail server"),
    ("RCPT", b"hello\r\n", MailServerUnusable, "no answer of a mail server"),
    ("RCPT", b"354 go on\r\n", MailServerUnusable, "no answer of a mail server"),
    ("DATA", b"hello\r\n", MailServerUnusable, "no answer of a mail server"),
    ("DATA", b"250 ok\r\n", MailServerUnusable, "no answer of a mail server"),
    ("connect", b"554 go away\r\n", MailServerUnusable, "refuses us: 554 go away"),
    ("connect", b"421 too busy\r\n", MailServerUnusable, "refuses us: 421 too busy"),
    ("connect", drop, MailServerUnusable, "cannot be reached"),
    ("MAIL", drop, MailServerUnusable, "lost before it had the mail"),
    ("RCPT", drop, MailServerUnusable, "lost before it had the mail"),
    ("DATA", drop, MailServerUnusable, "lost before it had the mail"),
    (".", drop, OutcomeUnknown, "may have been sent"),
    ("connect", b"SSH-2.0-OpenSSH\r\n", MailServerUnusable, "127.0.0.1"),
    ("MAIL", b"250 " + b"x" * 9000 + b"\r\n", MailServerUnusable, "lost before it had the mail"),
]


@pytest.mark.parametrize(("stage", "answer", "expected", "words"), ANSWERS)
def test_an_answer_means_never_or_later(
    settings: Settings,
    start_rude_server: Start,
    *,
    stage: str,
    answer: object,
    expected: type[Exception],
    words: str,
) -> None:
    server = start_rude_server(**{stage: answer})

    with (
        AtWork(email_worker, reaching(settings, server)) as worker,
        pytest.raises(expected, match=words) as failure,
    ):
        worker.run("send_email", SEED)

    assert isinstance(failure.value, PermanentFailure) == (expected is PermanentFailure)


@pytest.mark.parametrize(
    ("stage", "answer"),
    [
        ("MAIL", b"252 ok\r\n"),
        ("RCPT", b"251 forwarded\r\n"),
        ("RCPT", b"252 will try\r\n"),
        ("DATA", b"350 go on\r\n"),
        (".", b"252 taken\r\n"),
        (".", b"251-2.6.0 queued\r\n251 as 1\r\n"),
    ],
)
def test_the_first_digit_says_whether_a_server_took_the_mail(
    settings: Settings, start_rude_server: Start, stage: str, answer: bytes
) -> None:
    """RFC 5321, 4.2.1: a client that does not know an answer goes by that."""
    server = start_rude_server(**{stage: answer})

    with AtWork(email_worker, reaching(settings, server)) as worker:
        result = worker.run("send_email", SEED)

    assert (result["recipients"], len(server.taken)) == (1, 1)


def test_a_server_that_says_nonsense_to_a_whole_mail_leaves_it_to_a_person_where_one_decides(
    settings: Settings, start_rude_server: Start
) -> None:
    server = start_rude_server(**{".": b"SSH-2.0-OpenSSH\r\n"})

    with (
        AtWork(email_worker, reaching(settings, server, unknown_outcome="fail")) as worker,
        pytest.raises(PermanentFailure, match="Look for its Message-ID"),
    ):
        worker.run("send_email", SEED)

    assert len(server.taken) == 1


def test_a_server_that_is_not_there_is_tried_again(settings: Settings) -> None:
    with socket.create_server(("127.0.0.1", 0)) as unused:
        port = unused.getsockname()[1]
    gone = settings.but(smtp=SmtpSettings(host="127.0.0.1", port=port, security="none"))

    with (
        AtWork(email_worker, gone) as worker,
        pytest.raises(MailServerUnusable, match=f"127.0.0.1:{port} cannot be reached"),
    ):
        worker.run("send_email", SEED)


def test_a_refusal_leaves_the_connection_good_for_the_next_mail(
    settings: Settings, start_mail_server: Callable[..., MailServer]
) -> None:
    server = start_mail_server()
    server.inbox.answers["ghost@example.com"] = "550 no such user"

    with AtWork(email_worker, reaching(settings, server)) as worker:
        with pytest.raises(PermanentFailure):
            worker.run("send_email", {**SEED, "to": "ghost@example.com"})
        worker.run("send_email", SEED)

    assert server.inbox.connections == 1
    assert server.inbox.mails[0].recipients == ["user@example.com"]


def test_an_unknown_outcome_is_left_to_a_person_where_that_is_asked_for(
    settings: Settings, start_rude_server: Start
) -> None:
    server = start_rude_server(**{".": drop})

    with (
        AtWork(email_worker, reaching(settings, server, unknown_outcome="fail")) as worker,
        pytest.raises(PermanentFailure, match="Look for its Message-ID"),
    ):
        worker.run("send_email", SEED, context("job-3"))

    assert len(server.taken) == 1
    assert b"Message-ID: <job-3@localhost>" in server.taken[0]


@pytest.mark.parametrize("stage", ["connect", "EHLO", "RCPT", "DATA", "."])
def test_a_server_that_stalls_is_left_at_the_deadline(
    settings: Settings, start_rude_server: Start, stage: str
) -> None:
    server = start_rude_server()
    server.steps[stage] = lambda _connection: server.ended.wait() and None

    with (
        AtWork(
            email_worker, reaching(settings, server, deadline=0.4, confirmation_seconds=0.4)
        ) as worker,
        pytest.raises(RetryLater),
    ):
        worker.run("send_email", SEED)


def test_a_server_may_look_into_a_mail_for_longer_than_it_takes_for_other_answers(
    settings: Settings, start_rude_server: Start
) -> None:
    server = start_rude_server()

    def looked_into(connection: socket.socket) -> None:
        server.ended.wait(11)
        connection.sendall(b"250 clean\r\n")

    server.steps["."] = looked_into
    with AtWork(email_worker, reaching(settings, server, timeout=10)) as worker:
        result = worker.run("send_email", SEED)

    assert result["answer"] == "250 clean"
    assert len(server.taken) == 1


def test_a_server_that_never_confirms_is_left_before_the_job_ends(
    settings: Settings, start_rude_server: Start
) -> None:
    """Else its process is killed: a thread that waits for a socket hears of no time limit."""
    server = start_rude_server()
    server.steps["."] = lambda _connection: server.ended.wait() and None
    # Longer than a busy machine takes until the server has the mail.
    ends_at = time.monotonic() + 20

    with (
        AtWork(email_worker, reaching(settings, server)) as worker,
        pytest.raises(OutcomeUnknown, match="may have been sent"),
    ):
        worker.run("send_email", SEED, context(deadline=ends_at))

    assert len(server.taken) == 1


def test_a_server_that_answers_a_byte_at_a_time_gains_no_time(
    settings: Settings, start_rude_server: Start
) -> None:
    server = start_rude_server()

    def drip(connection: socket.socket) -> None:
        for byte in itertools.chain(b"250 ", itertools.repeat(ord("x"))):
            connection.sendall(bytes([byte]))
            if server.ended.wait(0.05):
                return

    server.steps["MAIL"] = drip

    with (
        AtWork(email_worker, reaching(settings, server, deadline=0.5)) as worker,
        pytest.raises(MailServerUnusable),
    ):
        worker.run("send_email", SEED)
