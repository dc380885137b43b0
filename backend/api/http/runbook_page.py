"""The runbook where alerts lead. Open to all: whoever is on call reads it when nobody can sign in."""

from __future__ import annotations

import re
from functools import lru_cache

from flask import Blueprint, Response
from markdown_it import MarkdownIt
from markdown_it.token import Token

from backend.api.access.rights import OPEN
from backend.api.request.pages import Pages
from backend.shipped import shipped

_POLICY = (
    "default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'; form-action 'none'; "
    "frame-ancestors 'none'"
)
_PAGE = """<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>Runbook - Tally</title>
<style>
:root {{ color-scheme: light dark; }}
body {{ font: 1rem/1.5 system-ui, sans-serif; max-width: 60rem; margin: 0 auto; padding: 1rem; }}
pre, .table {{ overflow-x: auto; }}
pre {{ padding: .75rem; border: 1px solid #8886; border-radius: .25rem; }}
table {{ border-collapse: collapse; }}
td, th {{ border: 1px solid #8886; padding: .25rem .5rem; text-align: start; vertical-align: top; }}
code {{ overflow-wrap: anywhere; }}
pre code, td code {{ overflow-wrap: normal; }}
h2:target {{ outline: 2px solid; outline-offset: .25rem; }}
</style>
</head>
<body>
{body}
</body>
</html>
"""


def runbook_pages() -> Pages:
    """The page at ``/runbook``, each section under the anchor that alerts name."""
    blueprint = Blueprint("runbook", __name__)

    @blueprint.get("/runbook")
    def page() -> Response:
        response = Response(_page(), content_type="text/html; charset=utf-8")
        response.headers["Content-Security-Policy"] = _POLICY
        return response

    return Pages(blueprint, {"runbook.page": OPEN})


def anchor_of(heading: str) -> str:
    """What a link to a section ends with, as hosts of repositories make it."""
    return re.sub(r"[^\w\- ]", "", heading.strip().lower()).replace(" ", "-")


@lru_cache(maxsize=1)
def _page() -> str:
    reader = MarkdownIt("commonmark", {"html": False}).enable("table")
    tokens = reader.parse(shipped("docs/runbook.md").read_text(encoding="utf-8"))
    for token, following in zip(tokens, [*tokens[1:], None], strict=True):
        if token.type == "heading_open" and following is not None:
            token.attrSet("id", anchor_of(following.content))
        if token.children:
            token.children = _without_files(token.children)
    body = reader.renderer.render(tokens, reader.options, {})
    body = body.replace("<table>", '<div class="table" tabindex="0"><table>')
    return _PAGE.format(body=body.replace("</table>", "</table></div>"))


def _without_files(tokens: list[Token]) -> list[Token]:
    """Links to other files of the documentation are only words here: those are not served."""
    kept, left_out = [], 0
    for token in tokens:
        leads = str(token.attrGet("href") or "")
        if token.type == "link_open" and not leads.startswith(("#", "https://")):
            left_out += 1
        elif token.type == "link_close" and left_out:
            left_out -= 1
        else:
            kept.append(token)
    return kept
