"""Attempts to make a mail say, or reach, more than was asked for. Each is refused when it is enqueued."""

from __future__ import annotations

import base64
import quopri
from typing import Any

import pytest
from pydantic import ValidationError

from workers.mail.mail import Mail
from workers.mail.mailbox import read_mailbox

GOOD: dict[str, Any] = {"to": "user@example.com", "subject": "Welcome!"}
BCC = "\r\nBcc: victim@example.org"


def q_word(text: str, charset: str = "utf-8") -> str:
    quoted = quopri.encodestring(text.encode(), quotetabs=True, header=True).decode()
    quoted = quoted.replace("\r", "=0D").replace("\n", "=0A")
    return f"=?{charset}?q?{quoted}?="


def b_word(text: str, charset: str = "utf-8") -> str:
    return f"=?{charset}?b?{base64.b64encode(text.encode()).decode()}?="


SUBJECTS = [
    f"x{BCC}",
    "x\nBcc: v@example.org",
    "x\rBcc: v@example.org",
    "x\r\n\r\nbody",
    "x\x00y",
    "x\x0by",
    "x\x0cy",
    "x\x1by",
    "x\x7fy",
    "x\x85y",
    "x\u2028y",
    "x\u2029y",
    "x\ty",
    "\ud800",
    "x\x1cy",
    q_word(f"x{BCC}"),
    b_word(f"x{BCC}"),
    q_word("x", "utf-8*en"),
    f"before {q_word('y' + BCC)} after",
    "=?utf-8?Q?=0D=0ABcc:_v@example.org?=",
    "=?UTF-7?Q?+AA0ACg-Bcc:?=",
    "=?us-ascii?b?DQpCY2M6?=",
    "=?utf-8?q?=0a?=",
    "=?x?q?y?= =?x?b?eQ==?=",
    b_word(q_word(BCC)),
    "=??q?=0d=0a?=",
    "x" * 501,
    "",
    "  ",
    7,
    None,
    ["a"],
    {"a": 1},
]

ADDRESSES = [
    "",
    " ",
    "user",
    "@example.com",
    "user@",
    "a@b@example.com",
    "a@example.com,b@example.com",
    "a@example.com;b@example.com",
    "a@example.com b@example.com",
    f"user@example.com{BCC}",
    "user@example.com\nBcc: v@example.org",
    "user@example.com\r",
    "us er@example.com",
    "user@exam ple.com",
    '"user"@example.com',
    '"a@b"@example.com',
    "user(comment)@example.com",
    "user@example.com (comment)",
    "group: a@example.com, b@example.com;",
    "<user@example.com",
    "user@example.com>",
    "<a@example.com> <b@example.com>",
    "A <a@example.com>, B <b@example.com>",
    "A <a@example.com> x",
    "user@[127.0.0.1]",
    "user@[IPv6:::1]",
    "user@127.0.0.1",
    "user@.example.com",
    "user@example.com.",
    "user@example..com",
    "user@-example.com",
    "user@example-.com",
    ".user@example.com",
    "user.@example.com",
    "us..er@example.com",
    "us\x00er@example.com",
    "user@example.com\x00",
    "user@exam\u3002ple.com",
    "user@example\uff0ecom",
    "üser@example.com",
    "user@exa_mple.com",
    "x" * 65 + "@example.com",
    "user@" + ".".join(["x" * 60] * 5) + ".com",
    "user@" + "x" * 64 + ".com",
    f"{q_word('x' + BCC)}@example.com",
    f"{b_word('x' + BCC)} <user@example.com>",
    "A\r\nBcc: v@example.org <user@example.com>",
    "A\u2028B <user@example.com>",
    '"A" B <user@example.com>',
    '"A\\"B" <user@example.com>',
    "A, B <user@example.com>",
    "user@example.com SIZE=1",
    "user@example.com> NOTIFY=NEVER",
    "a:b@example.com",
    "A" * 129 + " <user@example.com>",
    "user@\ud800.com",
    "user%00@exam/ple.com",
    "user@example.com\u202e\n",
    "@a.example:user@example.com",
    "!@example.com@x",
    "user@exam\x7fple.com",
    "mailto:user@example.com",
    "'; DROP TABLE jobs; --@example.com",
    "user@example.com\t",
    "user@http://example.com",
    "user@exa%6dple.com",
]

PAYLOADS: list[tuple[str, dict[str, Any]]] = [
    ("to", {"to": []}), ("to", {"to": None}), ("to", {"to": 7}), ("to", {"to": {"a": 1}}),
    ("to", {"to": ["user@example.com"] * 51}), ("to.1", {"to": ["user@example.com", "x\n@example.com"]}),
    ("cc.0", {"cc": "nobody"}), ("bcc.0", {"bcc": ["x@example.com\nTo: y@example.com"]}),
    ("reply_to.0", {"reply_to": f"a@example.com{BCC}"}), ("from", {"from": "x\r\n@example.com"}),
    ("sender", {"sender": "x@example.com"}), ("headers", {"headers": {"X-A": "b"}}), ("tO", {"tO": "x"}),
    ("text", {"text": "\ud800"}), ("html", {"html": ["<p>"]}),
    ("text", {"template": "welcome", "text": "x"}),
    ("template", {"template": "../secret"}), ("template", {"template": "/etc/passwd"}),
    ("template", {"template": "a/b"}), ("template", {"template": "Welcome"}),
    ("template", {"template": ""}),
    ("template", {"template": "{{ 7*7 }}"}), ("data", {"data": ["x"]}),
    ("attachments.0.artifact", {"attachments": [{"artifact": "../../etc/passwd"}]}),
    ("attachments.0.artifact", {"attachments": [{"artifact": ""}]}),
    ("attachments.0.artifact", {"attachments": [{"artifact": "a/b"}]}),
    ("attachments.0.name", {"attachments": [{"artifact": "a", "name": "a\r\nX: y.txt"}]}),
    ("attachments.0.name", {"attachments": [{"artifact": "a", "name": "../x.txt"}]}),
    ("attachments.0.name", {"attachments": [{"artifact": "a", "name": 'x";y="z.txt'}]}),
    ("attachments.0.path", {"attachments": [{"artifact": "a", "path": "/etc/passwd"}]}),
    ("attachments", {"attachments": [{"artifact": "a"}] * 21}),
    ("attachments", {"attachments": "/etc/passwd"}),
    ("payload", {"to": ["a@example.com"] * 30, "bcc": ["b@example.com"] * 21}),
]  # fmt: skip


def refusal_of(payload: dict[str, Any]) -> list[str]:
    with pytest.raises(ValidationError) as refusal:
        Mail.model_validate(payload)
    return [".".join(map(str, found["loc"])) or "payload" for found in refusal.value.errors()]


@pytest.mark.parametrize("subject", SUBJECTS, ids=ascii)
def test_no_subject_adds_a_header(subject: object) -> None:
    assert refusal_of({**GOOD, "subject": subject}) == ["subject"]


@pytest.mark.parametrize("address", ADDRESSES, ids=ascii)
def test_no_address_is_more_than_one(address: str) -> None:
    assert refusal_of({**GOOD, "to": address}) == ["to.0"]
    assert refusal_of({**GOOD, "reply_to": address}) == ["reply_to.0"]


@pytest.mark.parametrize(("field", "payload"), PAYLOADS, ids=ascii)
def test_a_field_that_does_not_fit_is_named(field: str, payload: dict[str, Any]) -> None:
    assert field in refusal_of({**GOOD, **payload})


@pytest.mark.parametrize(
    ("text", "address", "name"),
    [
        ("user@example.com", "user@example.com", ""),
        ("user+tag@sub.example.co.uk", "user+tag@sub.example.co.uk", ""),
        ("o'neill@example.com", "o'neill@example.com", ""),
        ("user@localhost", "user@localhost", ""),
        ("user@EXAMPLE.com", "user@example.com", ""),
        ("user@bücher.example", "user@xn--bcher-kva.example", ""),
        ("Ada Lovelace <ada@example.com>", "ada@example.com", "Ada Lovelace"),
        ('"Lovelace, Ada" <ada@example.com>', "ada@example.com", "Lovelace, Ada"),
        ("Zoë O'Neill-Müller <zoe@example.com>", "zoe@example.com", "Zoë O'Neill-Müller"),
        ("<ada@example.com>", "ada@example.com", ""),
    ],
)
def test_usual_addresses_are_read(text: str, address: str, name: str) -> None:
    mailbox = read_mailbox(text)

    assert (mailbox.address, mailbox.name) == (address, name)


@pytest.mark.parametrize(
    "subject", ["1 + 1 =? Guess!", "50% off = 50¢", "Grüße 数 🎉", "Re: [x] (y)"]
)
def test_usual_subjects_pass(subject: str) -> None:
    assert Mail.model_validate({**GOOD, "subject": subject}).subject == subject


def test_a_refusal_does_not_repeat_what_was_sent() -> None:
    with pytest.raises(ValidationError) as refusal:
        Mail.model_validate({**GOOD, "to": "s3cret-token"})

    assert "s3cret" not in str(refusal.value)
