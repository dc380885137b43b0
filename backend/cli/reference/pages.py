"""Writes the pages that are made from the code: ``python -m backend.cli.reference.pages docs``."""

from __future__ import annotations

import sys
from pathlib import Path

from backend.bootstrap.job_type_modules import OWN_MODULES
from backend.cli.reference.command_page import command_page
from backend.cli.reference.configuration_page import configuration_page
from backend.cli.reference.job_option_page import job_option_page
from backend.cli.reference.job_type_page import job_type_page
from backend.cli.reference.metric_page import metric_page
from backend.domain.jobs.attempts.retry_policy import RetryPolicy
from workers.registry import load_catalogue

_RULES = Path(__file__).resolve().parents[3] / "config" / "prometheus" / "alerts.yml"


def pages() -> dict[str, str]:
    """Every such page by its file's name."""
    return {
        "cli.md": command_page(),
        "configuration.md": configuration_page(),
        "job-options.md": job_option_page(),
        "job-types.md": job_type_page(load_catalogue(OWN_MODULES, (), RetryPolicy())),
        "metrics-and-alerts.md": metric_page(_RULES),
    }


if __name__ == "__main__":
    for name, text in pages().items():
        (Path(sys.argv[1]) / name).write_text(text, encoding="utf-8")
