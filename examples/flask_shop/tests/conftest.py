"""A shop for one test."""

from __future__ import annotations

from pathlib import Path

import pytest
from flask.testing import FlaskClient

from backend.app import app


@pytest.fixture(autouse=True)
def shop_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Where this test's shop keeps its files."""
    monkeypatch.setenv("SHOP_FOLDER", str(tmp_path))
    return tmp_path


@pytest.fixture
def browser() -> FlaskClient:
    """Somebody who looks at the pages."""
    return app.test_client()
