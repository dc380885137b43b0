"""Whole mails, as a server got them and as a mail reader shows them."""

from __future__ import annotations

import tracemalloc
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

import pytest

from backend.api.config.settings import SmtpSettings
from backend.api.config.worker_settings import MailSettings
from tests.integration.workers.mail_servers import Delivered, MailServer
from tests.workers_at_work import AtWork, Settings, context
from workers import email_worker
from workers.artifacts.artifact import ArtifactLabel
from workers.artifacts.open_store import open_store
from workers.base_worker import JobContext

Start = Callable[..., MailServer]

WELCOME_TEXT = """Hello Ada & Søren,

welcome! Your account is ready: https://example.com/?a=1&b=2

See you soon.
"""
WELCOME_HTML = """<!doctype html>
<html lang="en">
<body style="margin:0;padding:24px;font-family:sans-serif;color:#1f2933;background:#f5f7fa">
<div style="max-width:560px;margin:0 auto;padding:32px;background:#ffffff;border-radius:8px">
<h1 style="margin:0 0 16px;font-size:22px">Hello Ada &amp; Søren,</h1>
<p>welcome! Your account is ready.</p>
<p><a href="https://example.com/?a=1&amp;b=2" style="color:#0b5cad">Open it</a></p>
<p>See you soon.</p>
</div>
</body>
</html>
"""
SHIPPED = Path("config/templates")


@pytest.fixture
def noon(monkeypatch: pytest.MonkeyPatch) -> datetime:
    """Every mail is written at this instant."""
    instant = datetime(2026, 1, 2, 12, 0, tzinfo=UTC)
    monkeypatch.setattr(JobContext, "now", staticmethod(lambda: instant))
    return instant


def sent(settings: Settings, server: MailServer, payload: dict[str, object]) -> Delivered:
    """The one mail that a payload becomes."""
    smtp = SmtpSettings(host="127.0.0.1", port=server.port, security="none", sender="t@example.com")
    with AtWork(email_worker, settings.but(smtp=smtp)) as worker:
        worker.run("send_email", payload, context("job-7"))
    (mail,) = server.inbox.mails
    return mail


def headers(mail: Delivered) -> dict[str, str]:
    return {name: str(value) for name, value in mail.message.items() if name != "Content-Type"}


def test_the_message_id_is_read_as_it_was_written_whatever_the_domain_s_length(
    settings: Settings, start_mail_server: Start
) -> None:
    server, job_id = start_mail_server(), "01a2f3c4-5d6e-7abc-8def-0123456789ab"
    sender = f"a@{'d' * 30}.example.com"
    smtp = SmtpSettings(host="127.0.0.1", port=server.port, security="none", sender=sender)

    with AtWork(email_worker, settings.but(smtp=smtp)) as worker:
        result = worker.run("send_email", {"to": "b@example.com", "subject": "x"}, context(job_id))

    (mail,) = server.inbox.mails
    assert f"Message-ID: <{job_id}@{'d' * 30}.example.com>\r\n".encode() in mail.raw
    assert result["message_id"] == mail.message["Message-ID"]


def unix(text: str) -> str:
    return text.replace("\r\n", "\n")


def test_the_shipped_welcome_is_read_as_it_was_written(
    settings: Settings, start_mail_server: Start, noon: datetime
) -> None:
    data = {"name": "Ada & Søren", "link": "https://example.com/?a=1&b=2"}
    payload = {"to": "Ada <ada@example.com>", "template": "welcome", "data": data}

    mail = sent(settings.but(mail=MailSettings()), start_mail_server(), payload)

    assert headers(mail) == {
        "Message-ID": "<job-7@example.com>",
        "Date": "Fri, 02 Jan 2026 12:00:00 +0000",
        "From": "t@example.com",
        "To": "Ada <ada@example.com>",
        "Subject": "Welcome, Ada & Søren!",
        "Auto-Submitted": "auto-generated",
        "MIME-Version": "1.0",
    }
    kinds = [part.get_content_type() for part in mail.message.walk()]
    assert kinds == ["multipart/alternative", "text/plain", "text/html"]
    assert unix(mail.text()) == WELCOME_TEXT
    assert unix(mail.text("html")) == WELCOME_HTML


def test_every_shipped_template_is_read_here() -> None:
    assert sorted(path.name for path in SHIPPED.iterdir()) == ["welcome"]


EVERYTHING_HTML = """<!doctype html>
<p>{{ name }} &amp; {{ name|upper }}</p>
{% if link is defined %}<a href="{{ link }}">{{ link }}</a>{% endif %}

{% for row in rows %}
<tr><td>{{ row.text }}</td><td>{{ "%.2f"|format(row.price) }}</td></tr>
{% else %}
<tr><td>nothing</td></tr>
{% endfor %}
{# a remark #}
<style>p::before { content: "{{ '{{' }}"; }</style>
<p>. a dot, “quotes”, 数 and 🎉</p>
.
"""
EVERYTHING_READ = """<!doctype html>
<p>&lt;b&gt;Ada&#39;s&lt;/b&gt; &amp; &lt;B&gt;ADA&#39;S&lt;/B&gt;</p>
<a href="https://e.example/?q=&#34;&gt;">https://e.example/?q=&#34;&gt;</a>
<tr><td>שלום</td><td>1.50</td></tr>
<tr><td>a &lt; b</td><td>-2.00</td></tr>
<style>p::before { content: "{{"; }</style>
<p>. a dot, “quotes”, 数 and 🎉</p>
.
"""


def test_every_kind_of_content_is_read_as_it_was_written(
    settings: Settings, start_mail_server: Start, tmp_path: Path
) -> None:
    folder = tmp_path / "templates" / "everything"
    folder.mkdir(parents=True)
    (folder / "subject.txt").write_text("{{ name }}: {{ rows|length }} × “{{ 'Größe ' * 12 }}”\n")
    (folder / "body.txt").write_text("{{ name }}\n.\n..two\n{{ 'x' * 1200 }}\n\n")
    (folder / "body.html").write_text(EVERYTHING_HTML)
    data = {
        "name": "<b>Ada's</b>",
        "link": 'https://e.example/?q=">',
        "rows": [{"text": "שלום", "price": 1.5}, {"text": "a < b", "price": -2}],
    }

    mail = sent(
        settings, start_mail_server(), {"to": "a@b.example", "template": "everything", "data": data}
    )

    assert mail.message["Subject"] == f"<b>Ada's</b>: 2 × “{'Größe ' * 12}”"
    assert unix(mail.text()) == "<b>Ada's</b>\n.\n..two\n" + "x" * 1200 + "\n"
    assert unix(mail.text("html")) == EVERYTHING_READ


def test_names_of_other_scripts_reach_the_domain_that_was_meant(
    settings: Settings, start_mail_server: Start
) -> None:
    """IDNA 2003 would send the first to `fass.de` and the second to another shop."""
    payload = {"to": ["a@faß.de", "b@shop-ς.example"], "subject": "x"}

    mail = sent(settings, start_mail_server(), payload)

    assert mail.recipients == ["a@xn--fa-hia.de", "b@xn--shop--ede.example"]


def test_an_attachment_is_never_whole_in_memory(
    settings: Settings, start_mail_server: Start
) -> None:
    """Ten slots with ten megabytes each must fit into a worker process."""
    size_bytes = 8 * 1024 * 1024
    store = open_store(settings.artifacts)
    with store.create(ArtifactLabel("job-0", 1, "big.bin", "application/octet-stream")) as file:
        for _ in range(size_bytes // 65536):
            file.write(bytes(65536))
    mail = email_worker.Mail.model_validate(
        {"to": "a@b.example", "subject": "x", "attachments": [{"artifact": file.artifact.id}]}
    )
    tracemalloc.start()
    try:
        message = (
            email_worker.EmailWorker(settings).composer.compose(mail, context()).envelope.message
        )
        sent_bytes = sum(map(len, message.pieces()))
        peak_bytes = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()

    assert sent_bytes == message.size_bytes > size_bytes * 4 // 3
    assert peak_bytes < size_bytes // 8
