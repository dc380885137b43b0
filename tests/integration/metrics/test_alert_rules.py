"""The alert rules and the dashboard that we ship: good, tested, about metrics that exist."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
from pathlib import Path

import pytest
import yaml

from backend.telemetry.metrics.metric_catalogue import METRICS

ROOT = Path(__file__).parents[3]
RULES = ROOT / "config" / "prometheus" / "alerts.yml"
DASHBOARD = ROOT / "config" / "grafana" / "tally.json"
_NAME = re.compile(r"\btally_[a-z_]+")


def _known() -> set[str]:
    names = {metric.name for metric in METRICS}
    return names | {f"{name}_{part}" for name in names for part in ("bucket", "count", "sum")}


def _rules() -> list[dict[str, object]]:
    groups = yaml.safe_load(RULES.read_text())["groups"]
    return [rule for group in groups for rule in group["rules"]]


def _headings(path: Path) -> set[str]:
    titles = re.findall(r"^#+ (.+)$", path.read_text(), re.MULTILINE)
    return {re.sub(r"[^\w -]", "", title.lower()).replace(" ", "-") for title in titles}


@pytest.mark.parametrize(
    "words", [("check", "rules", "alerts.yml"), ("test", "rules", "alerts_test.yml")]
)
def test_promtool_agrees_with_the_rules(words: tuple[str, ...]) -> None:
    promtool = shutil.which("promtool")
    if promtool is None:
        pytest.skip("promtool is not installed (Debian: apt-get install prometheus)")

    ended = subprocess.run(
        [promtool, *words],
        cwd=RULES.parent,
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )

    assert ended.returncode == 0, ended.stdout + ended.stderr


def test_rules_are_about_metrics_that_exist() -> None:
    used = {name for rule in _rules() for name in _NAME.findall(str(rule["expr"]))}

    assert used <= _known()


def test_each_alert_names_a_section_of_the_runbook() -> None:
    sections = _headings(ROOT / "docs" / "runbook.md")

    for rule in _rules():
        page, _, section = str(rule["annotations"]["runbook_url"]).partition("#")  # type: ignore[index]
        assert page == "{{ $externalLabels.tally_url }}/runbook"
        assert section in sections, rule["alert"]


def test_the_dashboard_is_about_metrics_that_exist() -> None:
    board = json.loads(DASHBOARD.read_text())
    panels = [panel for panel in board["panels"] if panel["type"] != "row"]
    used = {
        name
        for panel in panels
        for target in panel["targets"]
        for name in _NAME.findall(target["expr"])
    }

    assert used <= _known()
    assert len(panels) >= 15
    assert len({panel["id"] for panel in board["panels"]}) == len(board["panels"])
