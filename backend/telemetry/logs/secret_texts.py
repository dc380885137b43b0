"""What a credential looks like within a text that is written for people.

No pattern here begins with a run of any length, and what may be long is bounded or possessive: tried anew
at each word of a text in base64url, a pattern of another kind took minutes with the GIL held.
"""

from __future__ import annotations

import re

MASK = "[hidden]"

_NAMES = r"passw|passphrase|pwd|secret|token|api[_-]?key|access[_-]?key"
_HEADERS = r"authorization|cookie"
#: The rest of a name, as in ``token_of_crm``.
_REST = r"[\w-]{0,200}+"
_QUOTE = r"\\{0,7}[\"']"
_SCHEME = r"(?:(?:Bearer|Basic|Digest|Negotiate|Token)[ \t]+)?+"
#: Who is masked twice, in the attempt's log and where that is shown, is masked as once.
_NOT_YET = r"(?!\[hidden\])"
#: Up to where a value ends that is not in quotes.
_WORD = r"[^\s,;&)\]}]+"
#: A colon that stands between a name and what it is: in ``secret::x`` and ``token://x`` it does not.
_COLON = r":(?!:|//)[ \t]*+"


def _quoted(name: str) -> str:
    """Up to the closing quote or the line's end; where it was quoted twice, that is ``\\\\"``."""
    return (
        r"[bru]?(?:\"(?:[^\"\\\n]|\\.)*+\"?|'(?:[^'\\\n]|\\.)*+'?"
        rf"|(?P<{name}>\\{{1,7}}[\"'])(?:(?!(?<!\\)(?P={name}))[^\n])*+(?:(?P={name}))?)"
    )


#: Credentials inside URLs, our own signing secrets and API keys, bearer headers, what is assigned to a
#: secret's name (``password=x``, ``"token": "x y"``), headers (``Cookie: a=b; c=d``), and what stands
#: after a colon: of ``password: x`` it is a value, of "password: Field required" it is not.
#: Each keeps its first group. A password in an address of a store may have ``/`` and ``@`` in it, which
#: SQLAlchemy takes; in one of the web they begin a path, which is to be seen.
_SECRET = re.compile(
    # Most characters begin none of them.
    r"(?=[-:wbtpsac])(?:"
    r"(://)(?<=[a-z0-9+.-]://)(?:"
    r"(?<!http://)(?<!https://)[^\s/@:]*+:[^\s\"'<>]{0,500}(?=@)"
    r"|[^\s/@]++(?=@)(?:@[^\s/@\"'<>,]*+(?=@))*+)"
    r"|\bwhsec_[A-Za-z0-9+/=_-]+|\btally_[a-z]*_?[A-Za-z0-9]{20,}"
    rf"|(\bBearer\s+[\"']?){_NOT_YET}[^\s\"'<>,;)\]}}]+"
    rf"|((?:{_NAMES}|{_HEADERS}){_REST}"
    rf"(?:(?:{_QUOTE})?\]?[ \t]*+={{1,2}}+>?+|{_QUOTE}[ \t]*+:)[ \t]*+{_SCHEME})"
    rf"{_NOT_YET}(?:{_quoted('q1')}|{_WORD})"
    rf"|((?:{_HEADERS}|api-key|-token|-secret){_REST}{_COLON}{_SCHEME})"
    rf"{_NOT_YET}(?:{_quoted('q2')}|{_WORD}(?:;[ \t]*+[\w.-]++=[^\s;]*+)*+)"
    rf"|((?:{_HEADERS}){_REST}[\"'][ \t]*+,[ \t]*+)(?=[bru]?[\"']){_NOT_YET}{_quoted('q3')}"
    rf"|((?:{_NAMES}){_REST}(?<!token){_COLON}){_NOT_YET}"
    rf"(?:{_quoted('q4')}|[^\s,;&)\]}}]++(?=[ \t]*+(?:[,;)\]}}&]|$)))"
    rf"|(token{_COLON}){_NOT_YET}(?:{_quoted('q5')}|[^\s,;&)\]}}]{{8,}}+(?=[ \t]*+(?:[,;)\]}}&]|$))))",
    re.IGNORECASE | re.MULTILINE,
)
#: Without one of them, or an address with ``@``, there is nothing to look for: in most lines of a log.
_WORDS = (
    *("passw", "passphrase", "pwd", "secret", "token", "key", "authorization", "cookie"),
    *("bearer", "whsec_", "tally_"),
)
#: What is no credential yet where a text was cut, and would be if it went on.
_CUT_OFF = re.compile(
    r"(://)(?<=[a-z0-9+.-]://)(?:(?<!http://)(?<!https://)[^\s/@:]*+:[^\s\"'<>]{0,500}+|[^\s/@]+)\Z"
    r"|\btally_\w*\Z",
    re.IGNORECASE,
)


def without_credentials(text: str) -> str:
    """``text``, each credential in it masked."""
    lowered = text.lower()
    for word in _WORDS:
        if word in lowered:
            return _SECRET.sub(_mask, text)
    return _SECRET.sub(_mask, text) if "@" in text and "://" in text else text


def without_credential_at_the_end(text: str) -> str:
    """``text`` that was cut, without what was the beginning of a credential."""
    return _CUT_OFF.sub(_mask, text)


def _mask(match: re.Match[str]) -> str:
    return next(filter(None, match.groups()), "") + MASK
