"""JSON is made the same way where Python's encoder in C is there, and where it is not."""

from __future__ import annotations

import json
from typing import Any

import pytest

from backend.domain.text.strict_json import NotJson, json_encoder

VALUES: list[Any] = [
    {"to": "Ärzte 𝄞", "n": [1, 2.5, True, None, {"a": {}}], "e": [], "t": (1, 2)},
    'a "text" \\ \n\x1f',
    "half \ud800",
    17,
    -0.0,
    1e300,
    None,
]


@pytest.mark.parametrize("is_in_c", [True, False])
@pytest.mark.parametrize("value", VALUES, ids=repr)
@pytest.mark.parametrize("ascii_only", [True, False])
def test_it_is_what_the_library_makes(
    monkeypatch: pytest.MonkeyPatch, value: Any, is_in_c: bool, ascii_only: bool
) -> None:
    if not is_in_c:
        monkeypatch.setattr(json.encoder, "c_make_encoder", None)
    encode = json_encoder("value", ensure_ascii=ascii_only)

    assert encode(value) == json.dumps(value, separators=(",", ":"), ensure_ascii=ascii_only)


@pytest.mark.parametrize("is_in_c", [True, False])
def test_what_becomes_what_contains_itself_is_refused(
    monkeypatch: pytest.MonkeyPatch, is_in_c: bool
) -> None:
    if not is_in_c:
        monkeypatch.setattr(json.encoder, "c_make_encoder", None)
    encode = json_encoder("value", lambda found: {"again": found})

    with pytest.raises(NotJson, match=r"value\.again contains itself"):
        encode(object())
    assert encode({"a": 1}) == '{"a":1}'
