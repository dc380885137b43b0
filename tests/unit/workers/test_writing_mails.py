"""The bytes of a mail: its headers, its bodies, and templates that try to escape."""

from __future__ import annotations

from datetime import UTC, datetime
from email import message_from_bytes
from email.policy import default
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from backend.domain.errors import PermanentFailure
from workers.mail.header_text import header_text
from workers.mail.mailbox import Mailbox, read_mailbox
from workers.mail.message import AttachedFile, MailParts, write_message
from workers.mail.templates import MailTemplates

NOW = datetime(2026, 1, 2, 12, 34, 56, tzinfo=UTC)
PARTS = MailParts(
    "<job-1@example.com>", read_mailbox("Tally <tally@example.com>"), [read_mailbox("a@example.com")],
    [], [], "Welcome!", "Hello", "", [], NOW,
)  # fmt: skip
HEADERS = ["message-id", "date", "from", "to", "subject", "auto-submitted"]


def read(written: bytes):
    return message_from_bytes(written, policy=default)


def unified(text: str) -> str:
    return text.replace("\r\n", "\n").replace("\r", "\n")


@settings(max_examples=60, deadline=None)
@given(st.text(max_size=300))
def test_whatever_text_passes_stays_one_subject(text: str) -> None:
    try:
        header_text(text)
    except ValueError:
        return

    message = read(write_message(PARTS._replace(subject=text)))

    own = {"content-type", "content-transfer-encoding", "mime-version"}
    assert [name.lower() for name in message.keys() if name.lower() not in own] == HEADERS  # noqa: SIM118
    assert message.get_content() == "Hello\r\n"
    assert " ".join(str(message["Subject"]).split()) == " ".join(text.split())


@settings(max_examples=60, deadline=None)
@given(st.text(max_size=200))
def test_bodies_arrive_as_they_were(text: str) -> None:
    written = write_message(PARTS._replace(text=text))

    assert all(len(line) <= 998 for line in written.split(b"\r\n"))
    assert b"\n" not in written.replace(b"\r\n", b"")
    arrived = read(written).get_content()
    assert unified(arrived).rstrip("\n") == unified(text).rstrip("\n")


def test_every_line_fits_seven_bits() -> None:
    parts = PARTS._replace(subject="Grüße " * 40, text="ü" * 2000, html="<p>数</p>")

    assert write_message(parts).isascii()


def test_a_template_cannot_bring_in_a_header() -> None:
    with pytest.raises(PermanentFailure, match="subject or a name in it"):
        write_message(PARTS._replace(subject="x\r\nBcc: v@example.org"))


def test_a_header_that_slips_through_is_caught_by_reading_the_mail_again(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("workers.mail.message.header_text", lambda text: text)
    name = "=?utf-8?q?x=0D=0ABcc:_v@example.org?="

    try:
        written = write_message(
            PARTS._replace(subject=name, sender=Mailbox(name, "a", "example.com"))
        )
    except (PermanentFailure, ValueError):
        return
    assert read(written)["Bcc"] is None


def test_the_name_of_an_attachment_stays_a_name() -> None:
    file = AttachedFile("Zusammenfassung März 🎉.csv", "text/csv", b"a")

    (part,) = read(write_message(PARTS._replace(attachments=[file]))).iter_attachments()

    assert part.get_filename() == "Zusammenfassung März 🎉.csv"


def template(folder: Path, **parts: str) -> MailTemplates:
    (folder / "note").mkdir()
    for name, text in parts.items():
        (folder / "note" / name.replace("_", ".")).write_text(text)
    return MailTemplates(folder)


ESCAPES = [
    "{{ ''.__class__ }}", "{{ ''.__class__.__mro__[1].__subclasses__() }}",
    "{{ self.__init__.__globals__ }}",
    "{{ cycler.__init__.__globals__.os }}", "{{ name.__class__.__base__ }}",
    "{{ lipsum.__globals__['os'].popen('id').read() }}", "{{ (1).__class__ }}",
    "{{ name|attr('__class__') }}", "{{ '%s'.__mod__.__self__ }}", "{{ namespace.__init__.__globals__ }}",
    "{{ joiner.__init__.__globals__ }}", "{{ [].append.__self__.__class__ }}",
    "{{ ''['__class__']['__mro__'] }}", "{{ name.format.__globals__ }}", "{{ range(10**9)|list }}",
    "{% for i in range(10**8) %}x{% endfor %}", "{% include '/etc/passwd' %}", "{% include '../x' %}",
    "{% import 'os' as os %}{{ os.system('id') }}", "{{ '{0.__class__}'.format(name) }}",
    "{{ undefined_variable }}", "{{ name.missing.more }}", "{% for x in data %}{% endfor %}", "{{ 1 / 0 }}",
    "{% if %}", "{{ name", "{{ 'x' * 10**8 }}",
]  # fmt: skip


@pytest.mark.parametrize("text", ESCAPES)
def test_a_template_sees_its_data_and_nothing_else(tmp_path: Path, text: str) -> None:
    with pytest.raises(PermanentFailure, match="mail template 'note' does not fit its data"):
        template(tmp_path, body_txt=text).render("note", {"name": "Ada"})


def test_data_is_never_read_as_a_template(tmp_path: Path) -> None:
    rendered = template(tmp_path, body_html="{{ name }}").render("note", {"name": "{{ 7*7 }}<i>"})

    assert rendered.html == "{{ 7*7 }}&lt;i&gt;"


def test_a_mistyped_template_is_told_the_nearest(tmp_path: Path) -> None:
    with pytest.raises(PermanentFailure, match="did you mean 'note'"):
        template(tmp_path, body_txt="x").render("notes", {})
