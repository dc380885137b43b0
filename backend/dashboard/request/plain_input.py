"""What no browser sends by itself: control characters, refused before anything looks at them."""

from __future__ import annotations

import re

from flask import request

from backend.api.http.api_errors import PathNotFound
from backend.domain.errors import InvalidOption

_IN_A_PATH = re.compile("[\x00-\x1f\x7f-\x9f]")
#: Texts of forms have lines and tabs.
_IN_A_FIELD = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f]")


def check_input() -> None:
    """Raises `PathNotFound` or `InvalidOption`: stores and headers take no such thing."""
    if _IN_A_PATH.search(request.path):
        raise PathNotFound("this address leads to no page")
    for given in (request.args, request.form):
        for name, value in given.items(multi=True):
            if _IN_A_FIELD.search(name) or _IN_A_FIELD.search(value):
                raise InvalidOption("control characters are not taken", field=name)
