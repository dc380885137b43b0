"""Rules that old code breaks: new code does not, and the list of what is left only shrinks."""

from __future__ import annotations

import pytest

from tests.architecture.left_over import RULES, listed


@pytest.mark.parametrize("rule", RULES)
def test_nothing_new_breaks_a_rule(rule: str) -> None:
    assert sorted(RULES[rule]() - listed(rule)) == [], "rename it: no exception is added"


@pytest.mark.parametrize("rule", RULES)
def test_what_is_mended_is_not_listed_any_more(rule: str) -> None:
    assert sorted(listed(rule) - RULES[rule]()) == [], "python -m tests.architecture.left_over"
