"""The token of the client for other programs: it is sent, and told to nobody else."""

from __future__ import annotations

import traceback

import pytest

from backend.client.tally_client import TallyClient
from backend.client.transport import Transport


@pytest.mark.parametrize("token", ["key", "key\n", "key\r\n", " key\t"])
def test_one_that_was_read_from_a_file_is_taken(token: str) -> None:
    transport = Transport("http://127.0.0.1:1", token, timeout=1.0, tries=1)

    assert transport._headers["Authorization"] == "Bearer key"


@pytest.mark.parametrize("token", ["se\ncret", "secr\0et", "sécret", "пароль", "\ud800"])
def test_one_that_no_header_can_hold_is_refused_and_not_told(token: str) -> None:
    with pytest.raises(ValueError, match="characters") as refused:
        TallyClient("http://127.0.0.1:1", token)

    told = "".join(traceback.format_exception(refused.value))
    assert str(refused.value) == (
        "the token has characters that no header can hold: give it as it was made"
    )
    assert repr(token)[1:-1] not in told
