"""URLs as they may be shown."""

from __future__ import annotations

import pytest

from backend.embedded.store_url import without_password


@pytest.mark.parametrize(
    ("url", "shown"),
    [
        ("redis://localhost:6379/0", "redis://localhost:6379/0"),
        ("redis://:secret@host/0", "redis://:***@host/0"),
        ("postgresql://me:se@cret@host:5432/db", "postgresql://me:***@host:5432/db"),
        ("postgresql://me@host/db?password=secret&x=1", "postgresql://me@host/db?password=***&x=1"),
        ("postgresql+psycopg2://t@/t?host=/tmp/a", "postgresql+psycopg2://t@/t?host=/tmp/a"),
        ("unix:///tmp/a/redis.sock?db=0", "unix:///tmp/a/redis.sock?db=0"),
    ],
)
def test_a_url_is_shown_without_its_password(url, shown):
    assert without_password(url) == shown
