"""Every question in SQL that the runbook asks can be asked of the real schema."""

from __future__ import annotations

import re

import pytest
from sqlalchemy import text

from backend.history.server.connection import connect
from tests.integration.runtime.cluster import ROOT

_BLOCK = re.compile(r"```sql\n(.+?)\n```", re.DOTALL)
QUESTIONS = [
    question
    for page in ("runbook.md", "coming-from.md")
    for question in _BLOCK.findall((ROOT / "docs" / page).read_text())
]


@pytest.mark.parametrize("question", QUESTIONS)
def test_a_question_of_the_runbook_has_an_answer(question: str, record_url: str) -> None:
    engine = connect(record_url)
    try:
        with engine.connect() as connection:
            connection.execute(text(question)).all()
    finally:
        engine.dispose()


def test_there_are_questions() -> None:
    assert len(QUESTIONS) >= 6
