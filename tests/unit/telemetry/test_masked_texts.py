"""What is taken out of texts before they are written, and that no text is too long for it."""

from __future__ import annotations

import base64

import pytest

from backend.telemetry.logs.redaction import masked_text, without_addresses
from backend.telemetry.logs.secret_texts import (
    without_credential_at_the_end,
    without_credentials,
)


@pytest.mark.parametrize(
    ("text", "masked"),
    [
        ("postgresql://tally:s3cret@db:5432/tally", "postgresql://[hidden]@db:5432/tally"),
        ("a.b-redis://:s3cret@db/0", "a.b-redis://[hidden]@db/0"),
        ("DB_PASSWORD=abc next", "DB_PASSWORD=[hidden] next"),
        ('{"my-api-key-2": "abc"}', '{"my-api-key-2": [hidden]}'),
        ("Authorization: Bearer abc.def", "Authorization: Bearer [hidden]"),
        (f"signed with whsec_{'a' * 30}", "signed with [hidden]"),
        (
            "mail to a@b.example, see http://b.example/x",
            "mail to a@b.example, see http://b.example/x",
        ),
        ("{'Authorization': 'Bearer eyJ.S.s', 'a': 1}", "{'Authorization': [hidden], 'a': 1}"),
        ("[(b'authorization', b'Basic dXNl')]", "[(b'authorization', [hidden])]"),
        ("Authorization: Basic dXNlcg== sent", "Authorization: Basic [hidden] sent"),
        ("Cookie: a=1; b=2 sent", "Cookie: [hidden] sent"),
        ("X-Api-Key: abc sent", "X-Api-Key: [hidden] sent"),
        ('{"password": "one \\" two", "a": 1}', '{"password": [hidden], "a": 1}'),
        (r'"{\"password\": \"a \\\"b\", \"c\": 1}"', r'"{\"password\": [hidden], \"c\": 1}"'),
        ("password='one two' next", "password=[hidden] next"),
        ("password: abc\nnext", "password: [hidden]\nnext"),
        ("refused the token: abcdefghi", "refused the token: [hidden]"),
        ("passphrase=a pwd=b access_key=c", "passphrase=[hidden] pwd=[hidden] access_key=[hidden]"),
        ("environ['PASSWORD'] = 'a'", "environ['PASSWORD'] = [hidden]"),
        ("user[password]=a&b=c", "user[password]=[hidden]&b=c"),
        ("password => a, b", "password => [hidden], b"),
    ],
)
def test_credentials_are_hidden_and_what_stands_around_them_is_kept(text: str, masked: str) -> None:
    assert masked_text(text) == masked
    assert masked_text(masked) == masked


@pytest.mark.parametrize(
    ("text", "masked"),
    [
        ("redis://u:hun/ter2@db:6379/0 is away", "redis://[hidden]@db:6379/0 is away"),
        ("redis://u:hun@ter/2@db:6379/0 is away", "redis://[hidden]@db:6379/0 is away"),
        ("https://u:hun@ter2@crm.example/a@b", "https://[hidden]@crm.example/a@b"),
    ],
)
def test_a_password_in_an_address_is_hidden_whatever_is_in_it(text: str, masked: str) -> None:
    assert masked_text(text) == masked


@pytest.mark.parametrize(
    "text",
    [
        "password: Field required",
        "unexpected token: }",
        "def login(token: str) -> None:",
        "https://registry.example:8443/@scope/package",
        "s3://bucket/reports/a@b",
        "redis://127.0.0.1:6379/0 and a@b.example",
        "crm.secret::find",
    ],
)
def test_what_is_no_credential_is_kept(text: str) -> None:
    assert masked_text(text) == text


@pytest.mark.parametrize(
    ("end", "shown"),
    [
        ("https://user:pass", "https://[hidden]…"),
        ("redis://user:pa/ss", "redis://[hidden]…"),
        ("tally_live_" + "a" * 15, "[hidden]…"),
        ("password=abc", "password=[hi…"),
    ],
)
def test_a_text_that_is_cut_within_a_credential_shows_nothing_of_it(end: str, shown: str) -> None:
    before = "x " * (16 * 1024 // 2)
    text = before[: 16 * 1024 - len(end) - 1] + " " + end + "word@example and more " * 1000

    assert masked_text(text).split(" ")[-1] == shown


@pytest.mark.parametrize(
    "run",
    [
        base64.urlsafe_b64encode(bytes(range(256)) * 12_000).decode(),
        "a-" * 2_000_000,
        "token" * 500_000,
        "a.b+" * 1_000_000,
    ],
    ids=["base64url", "hyphens", "secret names", "schemes"],
)
def test_a_long_text_without_spaces_is_masked_in_no_time(run: str) -> None:
    """What grows with the square of the length would hold the interpreter for hours here."""
    assert masked_text(run) == run[: 16 * 1024] + "…"
    assert len(without_addresses(run)) <= 16 * 1024 + 1


@pytest.mark.parametrize(
    "piece",
    [
        *("x://", "x://a:@", "passw  ", "passw: ", "cookie: a;", "token: abcdefghi ", "-token"),
        *("passw='", "passw='\\'", 'passw=\\"', 'passw=\\"\\', "passw" + "\\" * 7, "cookie','"),
        *("Bearer ", "tally_"),
    ],
)
def test_many_beginnings_of_credentials_are_masked_in_no_time(piece: str) -> None:
    """As above, in a text that is not cut."""
    text = piece * (256 * 1024 // len(piece)) + "\n- the end"

    assert without_credential_at_the_end(without_credentials(text)).endswith("the end")
