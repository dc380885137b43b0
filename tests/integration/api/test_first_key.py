"""The quickstart's key is made, kept and replaced by actions, as every other."""

from __future__ import annotations

from pathlib import Path

from backend.api.request.api_services import ApiServices
from backend.domain.audit.audit_ports import AuditFilter
from backend.quickstart.first_key import sign_in_token


def test_a_key_is_made_once_and_a_lost_one_is_replaced(parts: ApiServices, tmp_path: Path) -> None:
    first = sign_in_token(parts.keys, parts.actions.keys, tmp_path, "quickstart")
    again = sign_in_token(parts.keys, parts.actions.keys, tmp_path, "quickstart")
    (tmp_path / "token").unlink()
    other = sign_in_token(parts.keys, parts.actions.keys, tmp_path, "quickstart")

    assert first == again != other
    assert [key.name for key in parts.keys.list()] == ["quickstart"]
    rows = parts.audit.search(AuditFilter(actor="quickstart"))[::-1]
    done = [row.entry for row in rows if row.entry.outcome.value == "done"]
    assert [entry.action for entry in done] == ["keys.create", "keys.revoke", "keys.create"]
    assert {entry.actor.channel.value for entry in done} == {"system"}
    assert done[1].reason == "its token is lost"
