"""Where `tally dev` says that its pages are, and that it finds out who is there."""

from __future__ import annotations

import socket

import pytest

from backend.development.page_address import PageAddress
from backend.domain.errors import ConfigurationError

_ALL = "0.0.0.0"  # noqa: S104 - what people say who listen on all


@pytest.mark.parametrize(
    ("host", "root_path", "url"),
    [
        ("127.0.0.1", "", "http://127.0.0.1:8000"),
        (_ALL, "/tally", "http://127.0.0.1:8000/tally"),
        ("::", "", "http://[::1]:8000"),
        ("10.1.2.3", "", "http://10.1.2.3:8000"),
        ("dev.example", "", "http://dev.example:8000"),
    ],
)
def test_the_address_is_one_that_a_browser_opens(host: str, root_path: str, url: str) -> None:
    assert PageAddress(host, 8000, root_path).url == url


@pytest.mark.parametrize("host", ["127.0.0.2", _ALL, "localhost", "::1"])
def test_it_is_looked_for_where_it_is_served(host: str) -> None:
    listening = socket.socket(socket.AF_INET6 if ":" in host else socket.AF_INET)
    try:
        listening.bind((host, 0))
    except OSError:
        pytest.skip(f"this machine has no {host}")
    address = PageAddress(host, listening.getsockname()[1])
    assert not address.is_open()

    with listening:
        listening.listen()

        assert address.is_open()
        with pytest.raises(ConfigurationError, match="something listens there already"):
            address.refuse_taken()


def test_a_host_that_is_not_this_machine_is_named() -> None:
    with pytest.raises(ConfigurationError, match=r"api\.host 192\.0\.2\.1 cannot be listened on"):
        PageAddress("192.0.2.1", 8000).refuse_taken()
