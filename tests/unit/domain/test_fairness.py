"""What a fair queue is fair by: said, kept as text, and refused where it could not be."""

from __future__ import annotations

from typing import Any

import pytest

from backend.domain.errors import InvalidOption
from backend.domain.jobs.options.fairness import Fairness, fairness_in


@pytest.mark.parametrize(
    "rule", [Fairness(), Fairness("limit_key"), Fairness(weights={"a b": 3, "é": 1})]
)
def test_a_rule_survives_as_text(rule: Fairness) -> None:
    assert fairness_in(rule.text) == rule


@pytest.mark.parametrize(
    "text", ["", "x", "[]", "3", "{}", '{"by":"mood"}', '{"by":"tenant","weights":[1]}',
             '{"by":"tenant","weights":{"a":0}}', '{"by":7}']
)  # fmt: skip
def test_a_text_that_tells_no_rule_is_none(text: str) -> None:
    assert fairness_in(text) is None


@pytest.mark.parametrize(
    ("said", "field"),
    [
        ({"by": "mood"}, "by"),
        ({"weights": {"a": 0}}, "weight"),
        ({"weights": {"a": 1001}}, "weight"),
        ({"weights": {"a": 1.5}}, "weight"),
        ({"weights": {"": 2}}, "weights"),
        ({"weights": {"a\x1fb": 2}}, "weights"),
        ({"weights": {"a\ud800": 2}}, "weights"),
        ({"weights": {"k" * 513: 2}}, "weights"),
        ({"weights": {f"k{n}": 2 for n in range(1001)}}, "weights"),
    ],
)
def test_what_could_not_be_is_refused_by_its_name(said: dict[str, Any], field: str) -> None:
    with pytest.raises(InvalidOption) as refused:
        Fairness(**said)

    assert refused.value.details["field"] == field


def test_a_rule_is_told_in_words() -> None:
    assert Fairness(weights={"b": 2, "a": 3}).words == "by tenant; a counts for 3; b counts for 2"


@pytest.mark.parametrize(
    ("options", "key"), [({"tenant": "a"}, "a"), ({}, ""), ({"tenant": 3}, ""), ({"tags": []}, "")]
)
def test_a_job_stands_in_the_line_of_the_option(options: dict[str, Any], key: str) -> None:
    assert Fairness().key_of(options) == key
