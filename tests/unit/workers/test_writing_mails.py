"""The bytes of a mail: its headers, its bodies, and templates that try to escape."""

from __future__ import annotations

import io
import random
from datetime import UTC, datetime
from email import message_from_bytes
from email.header import decode_header, make_header
from email.policy import default
from pathlib import Path
from typing import BinaryIO

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from backend.domain.errors import ArtifactError, PermanentFailure
from workers.mail.attached_file import AttachedFile
from workers.mail.header_lines import mailbox_line, text_line
from workers.mail.header_text import header_text
from workers.mail.mailbox import Mailbox, read_mailbox
from workers.mail.message import MailParts, write_message
from workers.mail.templates import MailTemplates

NOW = datetime(2026, 1, 2, 12, 34, 56, tzinfo=UTC)
PARTS = MailParts(
    "<job-1@example.com>", read_mailbox("Tally <tally@example.com>"), [read_mailbox("a@example.com")],
    [], [], "Welcome!", "Hello", "", [], NOW,
)  # fmt: skip
HEADERS = ["message-id", "date", "from", "to", "subject", "auto-submitted"]


def read(written: bytes):
    return message_from_bytes(written, policy=default)


def on_the_wire(parts: MailParts) -> bytes:
    message = write_message(parts)
    raw = b"".join(message.pieces())
    assert message.size_bytes == len(raw)
    return raw


def written(parts: MailParts):
    return read(on_the_wire(parts))


def unified(text: str) -> str:
    return text.replace("\r\n", "\n").replace("\r", "\n")


@settings(max_examples=60, deadline=None)
@given(st.text(max_size=300))
def test_whatever_text_passes_stays_one_subject(text: str) -> None:
    try:
        header_text(text)
    except ValueError:
        return

    message = written(PARTS._replace(subject=text))

    own = {"content-type", "content-transfer-encoding", "mime-version"}
    assert [name.lower() for name in message.keys() if name.lower() not in own] == HEADERS  # noqa: SIM118
    assert message.get_content() == "Hello\r\n"
    assert str(message["Subject"]) == text


#: What a folder of lines stumbles over: long words, umlauts beside them, blanks, other scripts.
WORDS = (
    "Größe", "für", "€", "Rechnung", "12", "A" * 70, "について", "-" * 80, "a", "b,c", "(x)", "é", "😀😀😀",
    "שלום", "x" * 60, "Müller;", "", " ", "ß", "y" * 400, "a@b", "<c>",
)  # fmt: skip


def fits_encoded_words(line: bytes) -> bool:
    """RFC 2047, 2: a line with encoded words has 76 characters at most, and each word 75."""
    lines = [part for part in line.split(b"\r\n") if b"=?" in part]
    words = [word for part in lines for word in part.split() if word.startswith(b"=?")]
    return all(len(part) <= 76 for part in lines) and all(len(word) <= 75 for word in words)


@settings(max_examples=400, deadline=None)
@given(st.lists(st.sampled_from(WORDS), min_size=1, max_size=14).map(" ".join))
def test_folding_changes_no_subject(text: str) -> None:
    line = text_line("Subject", text)

    assert str(read(line)["Subject"]) == text
    assert all(len(part) <= 78 for part in line.split(b"\r\n"))
    assert fits_encoded_words(line)


@settings(max_examples=200, deadline=None)
@given(st.lists(st.sampled_from(WORDS), min_size=1, max_size=5).map(" ".join))
def test_folding_changes_no_name_and_no_address(text: str) -> None:
    name = text.strip()[:128].strip()
    boxes = [Mailbox(name, "a", "example.com"), Mailbox("", "b", "example.com")]

    line = mailbox_line("To", boxes)

    assert fits_encoded_words(line)
    assert fits_encoded_words(mailbox_line("Reply-To", boxes[:1]))
    assert [box.addr_spec for box in read(line)["To"].addresses] == [box.address for box in boxes]
    # Python's newer parser takes the fold between two encoded words for a blank; RFC 2047, 6.2 does not.
    phrase = line.decode().removeprefix("To: ").replace("\r\n", "").partition(" <a@")[0]
    assert str(make_header(decode_header(phrase))).strip('"') == name or not name


def test_an_address_stands_on_a_line_of_its_own_beside_a_long_name() -> None:
    boxes = [
        Mailbox("ü" * 60, "x" * 64, "b" * 60 + ".example.com"),
        Mailbox("", "b", "example.com"),
    ]

    line = mailbox_line("Reply-To", boxes)

    assert fits_encoded_words(line)
    assert [box.addr_spec for box in read(line)["Reply-To"].addresses] == [
        box.address for box in boxes
    ]


def test_headers_that_are_no_text_are_written_as_they_are_however_long() -> None:
    """RFC 2047, 5 allows no encoded word in them: a Message-ID that is one is none."""
    long = f"<{'j' * 64}@{'b' * 63}.{'c' * 63}.example.com>"

    raw = on_the_wire(PARTS._replace(message_id=long))

    assert f"Message-ID: {long}\r\n".encode() in raw
    assert b"=?" not in raw


@settings(max_examples=60, deadline=None)
@given(st.text(max_size=200))
def test_bodies_arrive_as_they_were(text: str) -> None:
    raw = on_the_wire(PARTS._replace(text=text))

    assert all(len(line) <= 998 for line in raw.split(b"\r\n"))
    assert b"\n" not in raw.replace(b"\r\n", b"")
    arrived = read(raw).get_content()
    assert unified(arrived).rstrip("\n") == unified(text).rstrip("\n")


def test_every_line_fits_seven_bits() -> None:
    parts = PARTS._replace(subject="Grüße " * 40, text="ü" * 2000, html="<p>数</p>")

    assert on_the_wire(parts).isascii()


def test_a_template_cannot_bring_in_a_header() -> None:
    with pytest.raises(PermanentFailure, match="subject or a name in it"):
        write_message(PARTS._replace(subject="x\r\nBcc: v@example.org"))


def test_a_header_that_slips_through_is_caught_by_reading_the_mail_again(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("workers.mail.message.header_text", lambda text: text)
    name = "=?utf-8?q?x=0D=0ABcc:_v@example.org?="

    try:
        message = written(PARTS._replace(subject=name, sender=Mailbox(name, "a", "example.com")))
    except (PermanentFailure, ValueError):
        return
    assert message["Bcc"] is None


def test_the_name_of_an_attachment_stays_a_name() -> None:
    (part,) = attached("Zusammenfassung März 🎉.csv", "text/csv", b"a")

    assert part.get_filename() == "Zusammenfassung März 🎉.csv"
    assert part.get_content() == "a"


@pytest.mark.parametrize(
    "size", [0, 1, 56, 57, 58, 57 * 1024 - 1, 57 * 1024, 57 * 1024 + 1, 200_000]
)
def test_a_file_arrives_byte_by_byte_whatever_its_size(size: int) -> None:
    content = random.Random(size).randbytes(size)  # noqa: S311 - no secret

    (part,) = attached("a.bin", "application/octet-stream", content)

    assert part.get_content() == content


INNER = b"Subject: inner\r\nFrom: a@example.com\r\n\r\n.dot\r\nFrom me\r\n"


def test_a_mail_that_is_attached_opens_as_a_mail() -> None:
    (part,) = attached("mail.eml", "message/rfc822", INNER)

    assert part["Content-Transfer-Encoding"] == "7bit"
    inner = part.get_content()
    assert (inner["Subject"], inner.get_content()) == ("inner", ".dot\r\nFrom me\r\n")


@pytest.mark.parametrize(
    "content", [INNER + "Grüße".encode(), INNER + b"x" * 999, INNER + b"a\rb", INNER + b"a\0b"]
)
def test_a_mail_that_servers_might_change_is_attached_as_a_file(content: bytes) -> None:
    """RFC 2046 forbids to encode a message, so it goes as a file that mail readers open by its name."""
    (part,) = attached("mail.eml", "message/rfc822", content)

    assert part.get_content_type() == "application/octet-stream"
    assert (part.get_filename(), part.get_content()) == ("mail.eml", content)


def test_a_file_that_cannot_be_read_any_more_is_named() -> None:
    def gone() -> BinaryIO:
        raise OSError(5, "Input/output error")

    message = write_message(
        PARTS._replace(attachments=[AttachedFile("a.csv", "text/csv", 3, gone)])
    )

    with pytest.raises(
        ArtifactError, match=r"^a\.csv cannot be read: \[Errno 5\] Input/output error$"
    ):
        list(message.pieces())


def attached(name: str, media_type: str, content: bytes):
    """The parts that are files, of a mail with one."""
    file = AttachedFile(name, media_type, len(content), lambda: io.BytesIO(content))
    return list(written(PARTS._replace(html="<p>x</p>", attachments=[file])).iter_attachments())


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


def test_values_are_escaped_and_the_template_s_own_html_is_not(tmp_path: Path) -> None:
    """Values come as `Markup`, which escapes whatever text it is added to."""
    page = (
        "<h1>Hi {{ name }} &amp; {{ other }}</h1>\n{% for x in list %}<li>{{ x }}</li>{% endfor %}"
    )

    rendered = template(tmp_path, body_html=page).render(
        "note", {"name": "<Ada>", "other": "B & C", "list": [1, "<2>"]}
    )

    assert rendered.html == (
        "<h1>Hi &lt;Ada&gt; &amp; B &amp; C</h1>\n<li>1</li><li>&lt;2&gt;</li>"
    )


def test_data_is_never_read_as_a_template(tmp_path: Path) -> None:
    rendered = template(tmp_path, body_html="{{ name }}").render("note", {"name": "{{ 7*7 }}<i>"})

    assert rendered.html == "{{ 7*7 }}&lt;i&gt;"


def test_a_mistyped_template_is_told_the_nearest(tmp_path: Path) -> None:
    with pytest.raises(PermanentFailure, match="did you mean 'note'"):
        template(tmp_path, body_txt="x").render("notes", {})
