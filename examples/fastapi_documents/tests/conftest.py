"""A service for one test."""

from __future__ import annotations

from pathlib import Path

import pytest
from fastapi.testclient import TestClient

from documents.api import app


@pytest.fixture(autouse=True)
def documents_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Where this test's documents are."""
    monkeypatch.setenv("DOCUMENTS_FOLDER", str(tmp_path))
    return tmp_path


@pytest.fixture
def caller() -> TestClient:
    """Somebody who calls the API."""
    return TestClient(app)
