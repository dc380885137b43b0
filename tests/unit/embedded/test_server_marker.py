"""``servers.json``: written whole, read back, and refused when damaged."""

from __future__ import annotations

import pytest

from backend.embedded.errors import EmbeddedServerError
from backend.embedded.state.marker import Marker, ServerRecord, read_marker, write_marker


def test_a_marker_is_read_back_as_it_was_written(tmp_path):
    record = ServerRecord(flavour="valkey", version="9.1.2", pid=42, background=True)
    marker = Marker(tmp_path / "sockets", {"Redis": record})

    write_marker(tmp_path / "servers.json", marker)

    assert read_marker(tmp_path / "servers.json") == marker
    assert [path.name for path in tmp_path.iterdir()] == ["servers.json"]


def test_no_marker_is_no_error(tmp_path):
    assert read_marker(tmp_path / "servers.json") is None


@pytest.mark.parametrize("text", ["", "{", "[]", '{"servers": {}}', '{"servers": {"Redis": {}}}'])
def test_a_damaged_marker_is_named(tmp_path, text):
    (tmp_path / "servers.json").write_text(text)

    with pytest.raises(EmbeddedServerError, match=r"servers\.json is damaged .*; delete it"):
        read_marker(tmp_path / "servers.json")
