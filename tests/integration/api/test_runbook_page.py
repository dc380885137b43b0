"""The page that alerts link to."""

from __future__ import annotations

import re
from pathlib import Path

import yaml
from flask import Flask

_RULES = Path(__file__).parents[3] / "config" / "prometheus" / "alerts.yml"


def test_each_alert_leads_to_a_section_of_the_page_without_signing_in(app: Flask) -> None:
    answer = app.test_client().get("/runbook")
    rules = [
        rule for group in yaml.safe_load(_RULES.read_text())["groups"] for rule in group["rules"]
    ]
    anchors = {rule["annotations"]["runbook_url"].partition("#")[2] for rule in rules}

    assert answer.status_code == 200
    assert answer.content_type == "text/html; charset=utf-8"
    assert len(anchors) >= 10
    assert anchors <= set(re.findall(r'<h2 id="([^"]+)">', answer.text))


def test_the_page_shows_tables_and_commands_and_leads_nowhere_that_is_not_served(
    app: Flask,
) -> None:
    page = app.test_client().get("/runbook").text

    assert "<table>" in page
    assert "<code" in page
    assert all(leads.startswith(("#", "https://")) for leads in re.findall(r'href="([^"]*)"', page))
    assert "](" not in re.sub(r"(?s)<pre>.*?</pre>|<code>.*?</code>", "", page)
