"""Signed tokens: what is taken, and the many that are not."""

from __future__ import annotations

import base64
import json
import time
from pathlib import Path
from typing import Any

import jwt
import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa
from pydantic import SecretStr, ValidationError

from backend.api.access.jwt_tokens import JwtVerifier, verifier_of
from backend.api.config.api_settings import JwtSettings
from backend.domain.access.access_errors import NotAuthenticated
from backend.domain.access.api_key import Credential, Principal
from backend.domain.access.role import Role
from backend.domain.errors import ConfigurationError

_SECRET = "a-shared-secret-of-at-least-32-bytes"


def _verifier(**changes: Any) -> JwtVerifier:
    settings = JwtSettings(**{"secret": SecretStr(_SECRET), "issuer": "idp"} | changes)
    verifier = verifier_of(settings)
    assert verifier is not None
    return verifier


def _claims(**changes: Any) -> dict[str, Any]:
    now = int(time.time())
    claims = {
        "sub": "ada",
        "aud": "tally",
        "iss": "idp",
        "iat": now,
        "exp": now + 600,
        "role": "operator",
    }
    return {name: value for name, value in (claims | changes).items() if value is not None}


def _token(
    key: Any = _SECRET,
    algorithm: str = "HS256",
    headers: dict[str, Any] | None = None,
    **changes: Any,
) -> str:
    return jwt.encode(_claims(**changes), key, algorithm=algorithm, headers=headers)


def test_a_good_token_stands_for_its_subject() -> None:
    who = _verifier().principal_of(_token(tenant="blue"))

    assert who == Principal("idp|ada", "ada", Role.OPERATOR, "blue", Credential.JWT)


_INSTANTS = {"exp", "nbf", "iat"}


@pytest.mark.parametrize(
    "changes",
    [
        {"exp": -60},
        {"nbf": 600},
        {"iat": 600},
        {"exp": None},
        {"iat": None},
        {"sub": None},
        {"sub": "  "},
        {"aud": "another"},
        {"aud": None},
        {"iss": "another"},
        {"iss": None},
        {"role": "king"},
        {"role": None},
        {"role": ["admin"]},
        {"tenant": ""},
        {"tenant": 7},
        {"exp": 86_400},
    ],
    ids=str,
)
def test_a_token_with_one_wrong_claim_is_not_taken(changes: dict[str, Any]) -> None:
    """Instants are told in seconds from now: minutes may lie between collecting a test and running it."""
    now = int(time.time())
    instants = {name: now + changes[name] for name in _INSTANTS & changes.keys() if changes[name]}

    assert _verifier().principal_of(_token(**changes | instants)) is None


@pytest.mark.parametrize("claim", ["sub", "tenant"])
@pytest.mark.parametrize(
    ("name", "why"),
    [
        ("nul\x00b", "holds control characters: nul\\x00b"),
        ("half \ud800", "holds control characters: half \\ud800"),
        ("a\nb", "holds control characters: a\\nb"),
        ("\x1b[2J", "holds control characters: \\x1b[2J"),
        ("ada\u202eb", "holds control characters: ada\\u202eb"),
        ("x" * 256, "is longer than 255"),
    ],
    ids=["nul", "surrogate", "line break", "escape", "override", "long"],
)
def test_a_name_that_nobody_can_have_is_refused_with_its_reason(
    claim: str, name: str, why: str
) -> None:
    with pytest.raises(NotAuthenticated) as refused:
        _verifier().principal_of(_token(**{claim: name}))

    assert str(refused.value) == f"the claim {claim} of this token {why}"


def test_a_token_signed_with_another_secret_is_not_taken() -> None:
    assert _verifier().principal_of(_token("another-secret-of-at-least-32-bytes!")) is None


def test_a_token_without_a_signature_is_not_taken() -> None:
    unsigned = jwt.encode(_claims(), None, algorithm="none")

    assert _verifier().principal_of(unsigned) is None


def test_a_token_of_another_algorithm_is_not_taken() -> None:
    assert _verifier().principal_of(_token(_SECRET * 2, "HS512")) is None


def test_a_token_of_another_type_is_not_taken() -> None:
    assert _verifier().principal_of(_token(headers={"typ": "refresh+jwt"})) is None


def test_a_key_inside_the_token_is_not_used() -> None:
    mine = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    jwk = json.loads(jwt.algorithms.RSAAlgorithm.to_jwk(mine.public_key()))

    assert _verifier().principal_of(_token(mine, "RS256", headers={"jwk": jwk})) is None


@pytest.mark.parametrize("token", ["", "a.b.c", "..", "x" * 50, "é.é.é"])
def test_what_is_no_token_at_all_is_not_taken(token: str) -> None:
    assert _verifier().principal_of(token) is None


def _pem(key: rsa.RSAPrivateKey, folder: Path) -> Path:
    path = folder / "public.pem"
    path.write_bytes(
        key.public_key().public_bytes(
            serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo
        )
    )
    return path


def test_rs256_is_checked_with_the_public_key_of_the_settings(tmp_path: Path) -> None:
    key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    verifier = _verifier(algorithm="RS256", public_key_file=_pem(key, tmp_path), secret="")

    who = verifier.principal_of(_token(key, "RS256"))

    assert who is not None
    assert who.name == "ada"


def test_the_public_key_is_not_taken_for_a_shared_secret(tmp_path: Path) -> None:
    key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    path = _pem(key, tmp_path)
    verifier = _verifier(algorithm="RS256", public_key_file=path, secret="")
    head = base64.urlsafe_b64encode(b'{"alg":"HS256","typ":"JWT"}').rstrip(b"=")
    body = base64.urlsafe_b64encode(json.dumps(_claims()).encode()).rstrip(b"=")
    signer = jwt.algorithms.HMACAlgorithm(jwt.algorithms.HMACAlgorithm.SHA256)
    signature = base64.urlsafe_b64encode(signer.sign(head + b"." + body, path.read_bytes()))

    forged = b".".join([head, body, signature.rstrip(b"=")]).decode()

    assert verifier.principal_of(forged) is None


def test_without_a_key_no_token_is_taken_at_all() -> None:
    assert verifier_of(JwtSettings()) is None


def test_a_short_secret_is_refused() -> None:
    with pytest.raises(ValidationError, match="32 bytes"):
        JwtSettings(secret=SecretStr("short"))


def test_a_public_key_file_that_is_none_is_told(tmp_path: Path) -> None:
    path = tmp_path / "no.pem"
    with pytest.raises(ConfigurationError, match=r"no\.pem"):
        verifier_of(JwtSettings(algorithm="RS256", public_key_file=path))

    path.write_text("nothing of that kind")
    with pytest.raises(ConfigurationError, match="no public key"):
        verifier_of(JwtSettings(algorithm="RS256", public_key_file=path))


@pytest.mark.parametrize(
    ("claim", "kept"),
    [
        (["send_email", "greet"], {"send_email", "greet"}),
        ("send_email greet", {"send_email", "greet"}),
        ([], set()),
        ({"send_email": True}, set()),
        ([1], set()),
        (None, None),
    ],
)
def test_a_token_may_be_kept_to_some_job_types(claim: object, kept: set[str] | None) -> None:
    """A claim that cannot be read lets nothing be run."""
    who = _verifier().principal_of(_token(job_types=claim))

    assert who is not None
    assert who.job_types == kept
