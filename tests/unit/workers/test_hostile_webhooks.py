"""Attempts to make a webhook reach the inside, or say more than it should."""

from __future__ import annotations

import base64
import ipaddress
from typing import Any

import pytest
from pydantic import ValidationError
from standardwebhooks import Webhook as Verifier

from backend.api.config.worker_settings import WebhookSettings
from backend.domain.errors import PermanentFailure
from backend.domain.text.web_target import read_target
from workers.webhooks.address_rules import AddressRules
from workers.webhooks.lookup import checked_addresses, system_resolver
from workers.webhooks.sender import WebhookSender
from workers.webhooks.signature import sign
from workers.webhooks.webhook import Webhook

FORBIDDEN_ADDRESSES = [
    "0.0.0.0",  # noqa: S104 - refused, not listened on
    "0.1.2.3", "10.0.0.1", "10.255.255.255", "100.64.0.1", "100.127.255.255", "127.0.0.1",
    "127.1.2.3", "169.254.0.1", "169.254.169.254", "172.16.0.1", "172.31.255.255", "192.0.0.1",
    "192.0.0.192", "192.0.2.1", "192.31.196.1", "192.52.193.1", "192.88.99.1", "192.168.0.1",
    "192.175.48.1", "198.18.0.1", "198.19.255.255", "198.51.100.1", "203.0.113.1", "224.0.0.1",
    "239.255.255.255", "240.0.0.1", "255.255.255.255", "168.63.129.16", "::", "::1", "::127.0.0.1",
    "::7f00:1", "::ffff:127.0.0.1", "::ffff:10.0.0.1", "::ffff:169.254.169.254", "::ffff:0:127.0.0.1",
    "64:ff9b::7f00:1", "64:ff9b::a9fe:a9fe", "64:ff9b::10.0.0.1", "64:ff9b:1::1", "64:ff9b:1::7f00:1",
    "100::1", "2001::1", "2001:0:7f00:1::", "2001:2::1", "2001:10::1", "2001:20::1", "2001:db8::1",
    "2002:7f00:1::", "2002:a00:1::", "2002:a9fe:a9fe::", "2002:808:808::1", "3fff::1", "5f00::1",
    "fc00::1", "fd00:ec2::254", "fd12:3456:789a::1", "fe80::1", "fe80::1%lo", "febf::1", "fec0::1",
    "ff02::1", "ff0e::1", "no address", "",
]  # fmt: skip

PUBLIC_ADDRESSES = [
    "1.1.1.1", "8.8.8.8", "93.184.215.14", "172.15.255.255", "172.32.0.1", "100.63.255.255",
    "2606:4700:4700::1111", "2a00:1450:4001::1", "::ffff:8.8.8.8", "64:ff9b::808:808",
]  # fmt: skip

#: What some parser or resolver somewhere takes for an address inside.
URLS = [
    "", "example.com", "//example.com/x", "/x", "file:///etc/passwd", "ftp://example.com/", "gopher://x/_",
    "javascript:alert(1)", "data:text/plain,x", "dict://127.0.0.1:11211/", "ldap://example.com/",
    "unix:///var/run/docker.sock", "jar:http://example.com!/", "http:example.com", "http:///x", "http://",
    "https://?x", "https://user@example.com/", "https://user:pass@example.com/", "https://@example.com/",
    "https://example.com@10.0.0.1/", "https://example.com#@10.0.0.1/", "https://example.com/#x",
    "https://example.com\\@10.0.0.1/", "https://example.com\\.evil.example/", "https://exa mple.com/",
    " https://example.com/", "https://example.com/ ", "https://example.com/\r\nHost: x",
    "https://example.com/\nx", "https://example.com/\x00", "https://example.com\t/", "https://\x00/",
    "https://2130706433/", "https://0x7f000001/", "https://0x7f.0.0.1/", "https://017700000001/",
    "https://0177.0.0.1/", "https://127.1/", "https://127.0.1/", "https://127.0.0.1.1/", "https://0/",
    "https://00000127.0.0.1/", "https://256.256.256.256/", "https://127.0.0.0x1/", "https://127.0.0.1./",
    "https://①②⑦.⓪.⓪.①/", "https://\uff11\uff12\uff17.0.0.1/", "https://127\u30020\u30020\u30021/",
    "https://127%2e0%2e0%2e1/",
    "https://%31%32%37.0.0.1/", "https://[::1", "https://::1/", "https://[::1%25lo]/", "https://[::1%lo]/",
    "https://[127.0.0.1]/", "https://[v1.x]/", "https://[]/", "https://[::ffff:127.0.0.1.1]/",
    "https://example.com:0/", "https://example.com:65536/", "https://example.com:-1/",
    "https://example.com:x/", "https://example.com:443:80/", "https://example.com:/", "https://exa*mple.com/",
    "https://-example.com/", "https://example..com/", "https://.example.com/", "https://example.com./",
    "https://" + "a" * 64 + ".com/", "https://" + "a." * 130 + "com/", "https://example.com/" + "x" * 2048,
    "https://example.com?ü", "https://example.com?\x7f", "https://example.com?\u202e=1", "https://a.b?ü/x",
    "https://example.com/ü", "https://example.com/\u202e", "https://exa\u00admple\u3002com\x7f/",
    "https://\ud800.com/", "https://example.com;10.0.0.1/", "https://example.com,10.0.0.1/",
    "https://example.com$.evil/", "https://<script>/", "https://'or'1'='1/", "https://example.com|x/",
]  # fmt: skip

#: Well formed, and inside: refused when sent, for what they lead to.
INSIDE = [
    "https://127.0.0.1/", "https://localhost/", "https://[::1]/", "https://[::ffff:127.0.0.1]/",
    "https://[::ffff:7f00:1]/", "https://[64:ff9b::7f00:1]/", "https://[2002:7f00:1::]/", "https://10.0.0.1/",
    "https://169.254.169.254/latest/meta-data/", "https://100.64.0.1/", "https://0.0.0.0/", "https://[::]/",
    "https://192.0.0.192/", "https://168.63.129.16/", "https://[fd00:ec2::254]/", "https://[fe80::1]/",
    "https://LOCALHOST/", "https://[0:0:0:0:0:0:0:1]/", "https://224.0.0.1/", "https://[::127.0.0.1]/",
]  # fmt: skip

PAYLOADS: list[tuple[str, dict[str, Any]]] = [
    ("url", {"url": None}), ("url", {"url": 7}), ("url", {"url": ["https://example.com/"]}),
    ("headers", {"headers": {"Host": "x"}}), ("headers", {"headers": {"host": "x"}}),
    ("headers", {"headers": {"Content-Length": "0"}}), ("headers", {"headers": {"Transfer-Encoding": "x"}}),
    ("headers", {"headers": {"Connection": "Upgrade"}}), ("headers", {"headers": {"Cookie": "a=b"}}),
    ("headers", {"headers": {"webhook-id": "x"}}), ("headers", {"headers": {"Webhook-Signature": "v1,x"}}),
    ("headers", {"headers": {"Idempotency-Key": "x"}}), ("headers", {"headers": {"Via": "::1"}}),
    ("headers", {"headers": {"X-Forwarded-For": "::1"}}), ("headers", {"headers": {"Expect": "x"}}),
    ("headers", {"headers": {"Proxy-Authorization": "x"}}),
    ("headers", {"headers": {"X-A": "b\r\nX-C: d"}}), ("headers", {"headers": {"X-A": "b\nc"}}),
    ("headers", {"headers": {"X-A": "b\x00"}}), ("headers", {"headers": {"X-A": "ü"}}),
    ("headers", {"headers": {"X-A": " "}}), ("headers", {"headers": {"X-A": ""}}),
    ("headers", {"headers": {"X A": "b"}}), ("headers", {"headers": {"X-A:": "b"}}),
    ("headers", {"headers": {"": "b"}}), ("headers", {"headers": {"X\r\nY": "b"}}),
    ("headers", {"headers": {"X-A": "1", "x-a": "2"}}), ("headers", {"headers": {"X-A": "b" * 2049}}),
    ("headers", {"headers": {f"X-{n}": "b" for n in range(21)}}), ("headers.X-A", {"headers": {"X-A": 1}}),
    ("headers", {"headers": ["X-A: b"]}), ("secret", {"secret": "whsec_c2VjcmV0IHNlY3JldA=="}),
    ("secret", {"secret": "a b"}), ("secret", {"secret": ""}), ("method", {"method": "DELETE"}),
    ("timeout", {"timeout": 999}), ("verify", {"verify": False}), ("proxy", {"proxy": "http://x"}),
]  # fmt: skip


@pytest.mark.parametrize("url", URLS, ids=ascii)
def test_a_url_that_could_be_misread_is_refused_when_enqueued(url: str) -> None:
    with pytest.raises(ValidationError) as refusal:
        Webhook(url=url)

    assert [found["loc"] for found in refusal.value.errors()] == [("url",)]


@pytest.mark.parametrize("url", INSIDE)
def test_a_url_that_leads_inside_is_refused_when_sent(url: str) -> None:
    with pytest.raises(PermanentFailure, match="leads where webhooks may not go"):
        checked_addresses(read_target(url), AddressRules((), ()), system_resolver, 5)


@pytest.mark.parametrize(("field", "payload"), PAYLOADS, ids=ascii)
def test_a_field_that_does_not_fit_is_named(field: str, payload: dict[str, Any]) -> None:
    with pytest.raises(ValidationError) as refusal:
        Webhook.model_validate({"url": "https://example.com/", **payload})

    assert field in [".".join(map(str, found["loc"])) for found in refusal.value.errors()]


@pytest.mark.parametrize("address", FORBIDDEN_ADDRESSES)
def test_an_address_that_is_not_public_is_refused(address: str) -> None:
    assert AddressRules((), ()).objection(address) != ""


@pytest.mark.parametrize("address", PUBLIC_ADDRESSES)
def test_a_public_address_may_be_reached(address: str) -> None:
    assert AddressRules((), ()).objection(address) == ""


def test_a_network_of_ones_own_can_be_opened_and_a_part_of_it_kept_shut() -> None:
    network = ipaddress.ip_network
    rules = AddressRules([network("10.0.0.0/8")], [network("10.1.0.0/16"), network("8.8.8.0/24")])

    assert rules.objection("10.2.3.4") == ""
    assert rules.objection("::ffff:10.2.3.4") == ""
    assert "blocked_networks" in rules.objection("10.1.2.3")
    assert "blocked_networks" in rules.objection("8.8.8.8")
    assert "not a public address" in rules.objection("192.168.0.1")


@pytest.mark.parametrize(
    ("url", "origin", "path"),
    [
        ("https://example.com", "https://example.com", "/"),
        ("HTTPS://Example.COM/Hook?a=b", "https://example.com", "/Hook?a=b"),
        ("https://bücher.example/x", "https://xn--bcher-kva.example", "/x"),
        # By the rules of 2003 these were another name: fass.de, or one without its joiner.
        ("https://faß.de/x", "https://xn--fa-hia.de", "/x"),
        ("https://shop-ς.example/", "https://xn--shop--ede.example", "/"),
        ("https://نامه\u200cای.example/", "https://xn--mgba3gch31f060k.example", "/"),
        ("https://example.com:8443/x", "https://example.com:8443", "/x"),
        ("http://93.184.215.14/x", "http://93.184.215.14", "/x"),
        ("https://[2606:4700::1111]:8443/", "https://[2606:4700::1111]:8443", "/"),
        ("https://a_b.example.com/x%20y?q=%C3%BC", "https://a_b.example.com", "/x%20y?q=%C3%BC"),
    ],
)
def test_usual_urls_are_read(url: str, origin: str, path: str) -> None:
    target = read_target(url)

    assert (target.origin, target.path) == (origin, path)


@pytest.mark.parametrize(
    ("url", "words"),
    [
        ("http://example.com/", "set webhook.allow_http"),
        ("https://example.com:22/", "list it in webhook.ports"),
        ("https://example.com:6379/", "port 6379 is not allowed"),
    ],
)
def test_what_the_deployment_does_not_allow_is_refused_with_the_setting_to_change(
    url: str, words: str
) -> None:
    with pytest.raises(PermanentFailure, match=words):
        WebhookSender(WebhookSettings()).permitted(url)


def test_signatures_are_those_of_the_standard() -> None:
    from datetime import UTC, datetime

    secret = "whsec_" + base64.b64encode(b"k" * 24).decode()
    stamp = 1_760_000_000
    theirs = Verifier(secret).sign("job-1", datetime.fromtimestamp(stamp, UTC), '{"a":1}')

    assert sign("job-1", stamp, b'{"a":1}', [secret]) == theirs


@pytest.mark.parametrize(
    "secret", ["", "secret", "whsec_", "whsec_c2hvcnQ=", "whsec_*", "whsec_" + "A" * 100, []]
)
def test_a_signing_secret_that_is_none_is_refused_at_start(secret: Any) -> None:
    with pytest.raises(ValidationError, match=r"whsec_ followed by|at least 1 item"):
        WebhookSettings(secrets={"default": secret})
