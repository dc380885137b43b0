"""What is taken out of texts before they are written, and that no text is too long for it."""

from __future__ import annotations

import base64

import pytest

from backend.telemetry.logs.redaction import masked_text, without_addresses


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
    ],
)
def test_credentials_are_hidden_and_what_stands_around_them_is_kept(text: str, masked: str) -> None:
    assert masked_text(text) == masked


@pytest.mark.parametrize(
    ("end", "shown"),
    [
        ("https://user:pass", "https://[hidden]…"),
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
