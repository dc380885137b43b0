"""Somebody who signed in: who they are, and until when."""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass
from datetime import datetime

from backend.domain.access.api_key import Credential, Principal
from backend.domain.access.role import Role


@dataclass(frozen=True, slots=True)
class Session:
    """One sign-in. Instants are aware UTC."""

    principal: Principal
    #: What every form of this session must bring.
    form_token: str
    began_at: datetime
    ends_at: datetime

    def to_text(self) -> str:
        """As it is kept."""
        who = self.principal
        return json.dumps(
            {
                "id": who.id,
                "name": who.name,
                "role": who.role.value,
                "tenant": who.tenant,
                "credential": who.credential.value,
                "job_types": None if who.job_types is None else sorted(who.job_types),
                "form_token": self.form_token,
                "began_at": self.began_at.isoformat(),
                "ends_at": self.ends_at.isoformat(),
            }
        )

    @classmethod
    def from_text(cls, text: str) -> Session:
        """The session kept as ``text``."""
        kept = json.loads(text)
        return cls(
            Principal(
                kept["id"],
                kept["name"],
                Role(kept["role"]),
                kept["tenant"],
                Credential(kept["credential"]),
                # A session that was opened before this release has none.
                None if kept.get("job_types") is None else frozenset(kept["job_types"]),
            ),
            kept["form_token"],
            datetime.fromisoformat(kept["began_at"]),
            datetime.fromisoformat(kept["ends_at"]),
        )


def name_of(session_id: str) -> str:
    """Under which a session is kept: whoever reads the store cannot take over what is in it."""
    return hashlib.sha256(session_id.encode()).hexdigest()
