"""Where a webhook goes: an address on the web, read strictly and only here."""

from __future__ import annotations

import ipaddress
import re
from typing import NamedTuple
from urllib.parse import urlsplit

from backend.domain.text.internet_name import ascii_name

_LONGEST = 2048
#: Blanks, controls, backslashes and whatever is not ASCII: what parsers disagree about.
_FORBIDDEN = re.compile(r"[^\x21-\x7e]|[\\]")
_LABEL = re.compile(r"[a-z0-9_]([a-z0-9_-]{0,61}[a-z0-9])?")
#: What some resolvers read as an IPv4 address: plain, octal or hexadecimal numbers.
_NUMBER = re.compile(r"\d+|0x[0-9a-f]*")
_PORTS = {"https": 443, "http": 80}


class Target(NamedTuple):
    """The parts of an address that a connection and a request need."""

    scheme: str
    host: str
    port: int
    path: str

    @property
    def is_encrypted(self) -> bool:
        """Whether TLS is used."""
        return self.scheme == "https"

    @property
    def authority(self) -> str:
        """The Host header."""
        host = f"[{self.host}]" if ":" in self.host else self.host
        return host if self.port == _PORTS[self.scheme] else f"{host}:{self.port}"

    @property
    def origin(self) -> str:
        """Scheme, host and port: what may be told in logs, since paths hold tokens."""
        return f"{self.scheme}://{self.authority}"


def read_target(url: str) -> Target:
    """The target that ``url`` means; raises `ValueError` saying what cannot be."""
    if len(url) > _LONGEST:
        raise ValueError(f"the URL is over {_LONGEST} characters")
    # A query may stand right behind the host.
    authority = re.split(r"[/?#]", url.partition("://")[2], maxsplit=1)[0]
    if _FORBIDDEN.search(url.replace(authority, "", 1)) or re.search(r"[\s\\\x00-\x1f]", authority):
        raise ValueError(
            "the URL holds a blank, a control character, a backslash or letters beyond "
            "ASCII; percent-encode them"
        )
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError as error:
        raise ValueError(f"this is not a URL: {error}") from None
    if parts.scheme not in _PORTS:
        raise ValueError("the URL must begin with https:// (or http:// where that is allowed)")
    if "@" in parts.netloc:
        raise ValueError(
            "the URL must not hold a user name or password; use headers or a signature"
        )
    if "#" in url:
        raise ValueError("the URL must not hold a fragment (#…)")
    if port == 0 or parts.netloc.endswith(":"):
        raise ValueError("the URL's port must be a number from 1 to 65535")
    host = _host(parts.hostname or "", is_bracketed="[" in parts.netloc)
    path = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
    return Target(parts.scheme, host, port or _PORTS[parts.scheme], path)


def _host(host: str, *, is_bracketed: bool) -> str:
    if is_bracketed:
        if "%" in host:
            raise ValueError("the URL's address must not name a network interface (%…)")
        try:
            return str(ipaddress.IPv6Address(host))
        except ValueError:
            raise ValueError("what stands in brackets is not an IPv6 address") from None
    name = _ascii(host)
    labels = name.split(".")
    if _NUMBER.fullmatch(labels[-1]):
        return _plain_ipv4(host)
    if len(name) > 253 or not all(_LABEL.fullmatch(label) for label in labels):  # noqa: PLR2004 - RFC 1035
        raise ValueError("the URL's host is not a host name like example.com")
    return name


def _ascii(host: str) -> str:
    try:
        return ascii_name(host)
    except ValueError:
        raise ValueError("the URL's host is not a host name like example.com") from None


def _plain_ipv4(host: str) -> str:
    try:
        return str(ipaddress.IPv4Address(host))
    except ValueError:
        raise ValueError(
            "the URL's host is a number in disguise; write an IPv4 address as four decimal numbers"
        ) from None
