"""A script that has a part already is sent an empty mark in its place."""

from __future__ import annotations

import pytest

from backend.dashboard.drawing.live_parts import parts_in, told, without

_PAGE = (
    '<main><div class="head" data-live id="head"><div><h1>Jobs</h1></div></div>'
    '<section class="card" data-live data-hold id="rows"><section>a</section> <b>1</b></section>'
    "<p>between</p><div data-live id='no'>x</div>"
    '<div data-live id="last"></div></main>'
)


def test_each_part_is_found_with_all_that_is_in_it() -> None:
    parts = parts_in(_PAGE)

    assert [(part.id, _PAGE[part.begin : part.end]) for part in parts] == [
        ("head", '<div class="head" data-live id="head"><div><h1>Jobs</h1></div></div>'),
        (
            "rows",
            '<section class="card" data-live data-hold id="rows"><section>a</section> <b>1</b></section>',
        ),
        ("last", '<div data-live id="last"></div>'),
    ]


def test_what_the_script_has_is_marked_and_the_rest_sent() -> None:
    had = told(parts_in(_PAGE))
    now = _PAGE.replace("<b>1</b>", "<b>2</b>")

    assert without(now, parts_in(now), had) == (
        '<main><div id="head" data-live data-same></div>'
        '<section class="card" data-live data-hold id="rows"><section>a</section> <b>2</b></section>'
        "<p>between</p><div data-live id='no'>x</div>"
        '<div id="last" data-live data-same></div></main>'
    )


@pytest.mark.parametrize("had", ["", "rows", "rows=", "x=1,,=", "rows=0123456789ab"])
def test_who_has_nothing_that_is_known_gets_all(had: str) -> None:
    assert without(_PAGE, parts_in(_PAGE), had) == _PAGE


def test_a_part_without_an_end_is_a_mistake_of_a_template() -> None:
    with pytest.raises(ValueError, match="a live <div> has no end"):
        parts_in('<div data-live id="open"><div></div>')
