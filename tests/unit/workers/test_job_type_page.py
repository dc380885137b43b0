"""The page that documents job types names all of them, and all that they take."""

from __future__ import annotations

import pytest

from backend.bootstrap.job_type_modules import OWN_MODULES
from backend.cli.reference.job_type_page import job_type_page
from backend.domain.jobs.attempts.retry_policy import RetryPolicy
from workers.registry import load_catalogue


@pytest.fixture(scope="module")
def page() -> str:
    return job_type_page(load_catalogue(OWN_MODULES, (), RetryPolicy()))


def test_every_field_of_every_job_type_is_on_the_page(page: str) -> None:
    for kind in load_catalogue(OWN_MODULES, (), RetryPolicy()):
        section = page.partition(f"\n## {kind.name}\n")[2].partition("\n## ")[0]
        assert kind.description.splitlines()[0].replace("``", "`") in section
        assert f"lane `{kind.lane}`" in section
        assert kind.payload is not None
        for name in kind.payload.model_json_schema()["properties"]:
            assert f"| `{name}` |" in section


@pytest.mark.parametrize(
    "words",
    [
        "| [`send_email`](#send_email) | email | high | thread |",
        "| `to` | string or list of string | required.",
        "Tried again up to 3 times, after 60 s, 300 s, 900 s.", "Time limit 3600 s, killed 10 s later",
        "| `format` | `csv` or `jsonl` or `parquet` or `xlsx` |", "Each `Condition` has:",
        "Shown masked: `headers`.",
        "The payload is an empty object.",
    ],
)  # fmt: skip
def test_the_page_says(page: str, words: str) -> None:
    assert words in page


def test_every_line_of_a_table_has_its_three_cells(page: str) -> None:
    for line in page.splitlines():
        if line.startswith("| `"):
            assert line.replace("\\|", "").count("|") == 4
