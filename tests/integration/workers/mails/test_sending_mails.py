"""Mails that arrive, on real servers: plain, encrypted, logged in, templated, with attachments."""

from __future__ import annotations

import ssl
import threading
from collections.abc import Callable
from pathlib import Path

import pytest
from pydantic import SecretStr

from backend.api.config.settings import SmtpSettings
from backend.api.config.worker_settings import MailSettings
from backend.domain.errors import PermanentFailure
from tests.integration.workers.mail_servers import MailServer
from tests.workers_at_work import AtWork, Settings, context
from workers import email_worker
from workers.artifacts.artifact import ArtifactLabel
from workers.artifacts.open_store import open_store
from workers.mail.smtp_connection import MailServerUnusable

#: The test server cannot tell that a connection is encrypted from its first byte.
LOGIN = pytest.mark.filterwarnings("ignore:Requiring AUTH:UserWarning")
SEED = {"to": "user@example.com", "subject": "Welcome!"}
Start = Callable[..., MailServer]


def reaching(settings: Settings, server: MailServer, **values: object) -> Settings:
    chosen = {"security": "none", "sender": "Tally <tally@example.com>", "timeout": 60, **values}
    return settings.but(smtp=SmtpSettings(host="127.0.0.1", port=server.port, **chosen))


def test_the_seed_payload_arrives(settings: Settings, start_mail_server: Start) -> None:
    server = start_mail_server()

    with AtWork(email_worker, reaching(settings, server)) as worker:
        result = worker.run("send_email", SEED, context("job-7"))

    (mail,) = server.inbox.mails
    assert mail.recipients == ["user@example.com"]
    assert mail.sender == "tally@example.com"
    assert mail.message["Subject"] == "Welcome!"
    assert mail.message["From"] == "Tally <tally@example.com>"
    assert mail.message["Auto-Submitted"] == "auto-generated"
    assert result == {
        "message_id": "<job-7@example.com>",
        "recipients": 1,
        "refused": {},
        "answer": "250 queued as 1",
    }


def test_every_part_of_the_payload_arrives(settings: Settings, start_mail_server: Start) -> None:
    server = start_mail_server()
    payload = {
        "to": ["Ada Lovelace <ada@example.com>", "bob@bücher.example"],
        "cc": "carol@example.com",
        "bcc": ["dan@example.com", "ada@example.com"],
        "reply_to": "Help <help@example.com>",
        "subject": "Grüße, 数",
        "text": "Zeile 1\n.\n..Zeile 3\r\nEnde",
        "html": "<p>Grüße</p>",
    }

    with AtWork(email_worker, reaching(settings, server)) as worker:
        worker.run("send_email", payload)

    (mail,) = server.inbox.mails
    assert mail.recipients == [
        "ada@example.com",
        "bob@xn--bcher-kva.example",
        "carol@example.com",
        "dan@example.com",
    ]
    assert mail.message["To"] == "Ada Lovelace <ada@example.com>, bob@xn--bcher-kva.example"
    assert mail.message["Reply-To"] == "Help <help@example.com>"
    assert mail.message["Subject"] == "Grüße, 数"
    assert mail.text().splitlines() == ["Zeile 1", ".", "..Zeile 3", "Ende"]
    assert mail.text("html").strip() == "<p>Grüße</p>"
    assert b"dan@" not in mail.raw


def test_the_message_id_is_the_same_for_every_attempt(
    settings: Settings, start_mail_server: Start
) -> None:
    server = start_mail_server()

    with AtWork(email_worker, reaching(settings, server)) as worker:
        worker.run("send_email", SEED, context("job-7", attempt=1))
        worker.run("send_email", SEED, context("job-7", attempt=2))

    assert {mail.message["Message-ID"] for mail in server.inbox.mails} == {"<job-7@example.com>"}


def test_jobs_share_a_connection_and_renew_it(settings: Settings, start_mail_server: Start) -> None:
    server = start_mail_server()
    settings = reaching(settings, server).but(mail=MailSettings(mails_per_connection=4))

    with AtWork(email_worker, settings) as worker:
        for number in range(8):
            worker.run("send_email", SEED, context(f"job-{number}"))

    assert [mail.port for mail in server.inbox.mails[:4]] == [server.inbox.mails[0].port] * 4
    assert server.inbox.connections == 2


def test_slots_send_at_once_over_connections_of_their_own(
    settings: Settings, start_mail_server: Start
) -> None:
    server = start_mail_server()
    slots, each = 6, 20

    with AtWork(email_worker, reaching(settings, server)) as worker:

        def slot(number: int) -> None:
            for count in range(each):
                worker.run("send_email", SEED, context(f"job-{number}-{count}"))

        threads = [threading.Thread(target=slot, args=(number,)) for number in range(slots)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join(30)

    assert len({mail.message["Message-ID"] for mail in server.inbox.mails}) == slots * each
    assert server.inbox.connections <= slots


def test_a_connection_that_the_server_closed_meanwhile_is_replaced(
    settings: Settings, start_mail_server: Start
) -> None:
    server = start_mail_server(idle_seconds=2)

    with AtWork(email_worker, reaching(settings, server)) as worker:
        worker.run("send_email", SEED)
        (connection,) = worker._instances[email_worker.EmailWorker].pool._idle
        assert connection.sock is not None
        connection.sock.settimeout(60)
        connection.sock.recv(1000)  # Returns when the server has said that it closes.
        worker.run("send_email", SEED)

    assert len(server.inbox.mails) == 2


@LOGIN
@pytest.mark.parametrize("security", ["tls", "starttls"])
def test_mails_go_encrypted_with_a_login(
    settings: Settings,
    start_mail_server: Start,
    server_tls: ssl.SSLContext,
    certificates: Path,
    security: str,
) -> None:
    server = start_mail_server(**{security: server_tls}, login=("mailer", "s3cret"))
    login = {"username": "mailer", "password": SecretStr("s3cret"), "ca_file": certificates}

    with AtWork(email_worker, reaching(settings, server, security=security, **login)) as worker:
        worker.run("send_email", SEED)

    assert len(server.inbox.mails) == 1


@LOGIN
def test_a_wrong_password_is_named_and_can_be_tried_again(
    settings: Settings, start_mail_server: Start, server_tls: ssl.SSLContext, certificates: Path
) -> None:
    server = start_mail_server(tls=server_tls, login=("mailer", "s3cret"))
    login = {"username": "mailer", "password": SecretStr("wrong"), "ca_file": certificates}

    with (
        AtWork(email_worker, reaching(settings, server, security="tls", **login)) as worker,
        pytest.raises(
            MailServerUnusable, match=r"refuses the login: 535.*smtp.username"
        ) as refusal,
    ):
        worker.run("send_email", SEED)

    assert "wrong" not in str(refusal.value)
    assert server.inbox.mails == []


def test_a_password_never_crosses_a_network_in_the_clear(settings: Settings) -> None:
    login = {"username": "mailer", "password": SecretStr("s3cret"), "security": "none"}
    elsewhere = settings.but(smtp=SmtpSettings(host="mail.example.com", **login))

    with (
        AtWork(email_worker, elsewhere) as worker,
        pytest.raises(MailServerUnusable, match="in the clear"),
    ):
        worker.run("send_email", SEED)


@pytest.mark.parametrize("security", ["tls", "starttls"])
def test_a_server_with_a_strange_certificate_gets_nothing(
    settings: Settings, start_mail_server: Start, server_tls: ssl.SSLContext, security: str
) -> None:
    server = start_mail_server(**{security: server_tls})

    with (
        AtWork(email_worker, reaching(settings, server, security=security)) as worker,
        pytest.raises(MailServerUnusable, match=r"cannot be trusted.*smtp.ca_file"),
    ):
        worker.run("send_email", SEED)

    assert server.inbox.mails == []


def test_a_server_without_starttls_gets_nothing(
    settings: Settings, start_mail_server: Start
) -> None:
    server = start_mail_server()

    with (
        AtWork(email_worker, reaching(settings, server, security="starttls")) as worker,
        pytest.raises(MailServerUnusable, match="offers no STARTTLS"),
    ):
        worker.run("send_email", SEED)

    assert server.inbox.mails == []


def test_a_template_makes_a_text_and_an_escaped_html_part(
    settings: Settings, start_mail_server: Start
) -> None:
    server = start_mail_server()
    shipped = MailSettings()
    payload = {"to": "user@example.com", "template": "welcome", "data": {"name": "<b>{{7*7}}</b>"}}

    with AtWork(email_worker, reaching(settings, server).but(mail=shipped)) as worker:
        worker.run("send_email", payload)

    (mail,) = server.inbox.mails
    assert mail.message["Subject"] == "Welcome, <b>{{7*7}}</b>!"
    assert "Hello <b>{{7*7}}</b>," in mail.text()
    assert "Hello &lt;b&gt;{{7*7}}&lt;/b&gt;," in mail.text("html")


def test_artifacts_go_with_a_mail(settings: Settings, start_mail_server: Start) -> None:
    server = start_mail_server()
    store = open_store(settings.artifacts)
    with store.create(ArtifactLabel("job-0", 1, "März.csv", "text/csv")) as file:
        file.write(b"a,b\n1,2\n")
    payload = {
        **SEED,
        "text": "See below",
        "attachments": [
            {"artifact": file.artifact.id},
            {"artifact": file.artifact.id, "name": "again.csv"},
        ],
    }

    with AtWork(email_worker, reaching(settings, server)) as worker:
        worker.run("send_email", payload)

    parts = list(server.inbox.mails[0].message.iter_attachments())
    assert [part.get_filename() for part in parts] == ["März.csv", "again.csv"]
    assert {part.get_content_type() for part in parts} == {"text/csv"}
    assert [part.get_payload(decode=True) for part in parts] == [b"a,b\n1,2\n"] * 2


def test_attachments_over_the_limit_are_refused(
    settings: Settings, start_mail_server: Start
) -> None:
    store = open_store(settings.artifacts)
    with store.create(ArtifactLabel("job-0", 1, "big.bin", "application/octet-stream")) as file:
        file.write(bytes(2048))
    settings = reaching(settings, start_mail_server()).but(mail=MailSettings(attachments_mb=0.001))

    with (
        AtWork(email_worker, settings) as worker,
        pytest.raises(PermanentFailure, match=r"over mail.attachments_mb"),
    ):
        worker.run("send_email", {**SEED, "attachments": [{"artifact": file.artifact.id}]})


def test_a_test_run_is_kept_and_not_sent(settings: Settings, start_mail_server: Start) -> None:
    server = start_mail_server()

    with AtWork(email_worker, reaching(settings, server)) as worker:
        result = worker.run("send_email", {**SEED, "text": "Hi"}, context("job-9", is_test=True))

    assert server.inbox.connections == 0
    assert result["answer"] == "test run: kept, not sent"
    with open_store(settings.artifacts).open(result["artifact"]["id"]) as file:
        assert b"Message-ID: <job-9@example.com>" in file.read()


def test_only_listed_senders_may_send(settings: Settings, start_mail_server: Start) -> None:
    server = start_mail_server()
    settings = reaching(settings, server).but(mail=MailSettings(senders=("shop@example.org",)))

    with AtWork(email_worker, settings) as worker:
        worker.run("send_email", {**SEED, "from": "The Shop <shop@example.org>"})
        with pytest.raises(PermanentFailure, match=r"ceo@example.org are not allowed; list"):
            worker.run("send_email", {**SEED, "from": "ceo@example.org"})

    (mail,) = server.inbox.mails
    assert mail.message["From"] == "The Shop <shop@example.org>"
    assert mail.message["Message-ID"].endswith("@example.org>")


@pytest.mark.parametrize(
    ("tenant", "confined", "may"),
    [("acme", True, True), ("globex", True, False), ("", False, True), ("globex", False, True)],
)
def test_a_confined_job_attaches_files_of_its_own_tenant_only(
    settings: Settings,
    start_mail_server: Start,
    *,
    tenant: str,
    confined: bool,
    may: bool,
) -> None:
    store, server = open_store(settings.artifacts), start_mail_server()
    with store.create(ArtifactLabel("job-0", 1, "pay.csv", "text/csv", tenant="acme")) as file:
        file.write(b"secret")
    wanted = file.artifact.id
    payload = {**SEED, "attachments": [{"artifact": wanted}]}
    given = context(tenant=tenant, is_confined=confined)

    with AtWork(email_worker, reaching(settings, server)) as worker:
        if may:
            worker.run("send_email", payload, given)
        else:
            with pytest.raises(PermanentFailure) as refusal:
                worker.run("send_email", payload, given)
            gone = f"cannot attach: there is no artifact {wanted!r}; it may have expired"
            assert str(refusal.value) == gone

    assert len(server.inbox.mails) == may
