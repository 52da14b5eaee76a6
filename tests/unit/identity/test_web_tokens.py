"""What makes a signed token worthless: every way it can be wrong is refused with the same words."""

from __future__ import annotations

import contextlib
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from signed_tokens import LIMITED, PLUGIN, USER, Issuer, claims, forged

from app.errors import CredentialsError
from app.identity.web_tokens import verified

NOW = datetime(2026, 11, 24, 12, tzinfo=UTC)
ISSUER = "https://portal.example/api/auth"
OURS, WEAK = Issuer(), Issuer.rsa("weak", 1024)
RSA = Issuer.rsa()
GOOD = claims(NOW, sub="user:default/ada", aud="backstage", iss=ISSUER)


class Published:
    """Keys by id, as an issuer would publish them."""

    def __init__(self, *keys: dict[str, Any]) -> None:
        self.keys = {key["kid"]: key for key in keys}

    def key(self, kid: str) -> dict[str, Any] | None:
        return self.keys.get(kid)


KEYS = Published(OURS.jwk, RSA.jwk, WEAK.jwk)


def check(token: str, keys: Published = KEYS, algorithms: tuple[str, ...] = ("ES256", "RS256"), **more: Any) -> Any:
    wanted = {"typ": USER, "audience": ("backstage",), "issuer": ISSUER, "leeway": timedelta(seconds=30), **more}
    return verified(token, keys, algorithms=algorithms, now=NOW, **wanted)


@pytest.mark.parametrize("issuer", [OURS, RSA], ids=["ES256", "RS256"])
def test_a_good_token_gives_its_claims(issuer: Issuer) -> None:
    assert check(issuer.sign(GOOD, USER))["sub"] == "user:default/ada"


def moved(**seconds: int) -> dict[str, Any]:
    return {**GOOD, **{name: int(NOW.timestamp()) + by for name, by in seconds.items()}}


@pytest.mark.parametrize(
    ("body", "fits"),
    [
        (moved(exp=-29), True),
        (moved(exp=-30), False),
        (moved(iat=30), True),
        (moved(iat=31), False),
        (moved(nbf=31), False),
        (moved(nbf=30), True),
    ],
    ids=["just expired", "expired", "a fast clock", "from the future", "not yet", "almost yet"],
)
def test_times_count_within_the_skew_of_clocks(body: dict[str, Any], fits: bool) -> None:
    token = OURS.sign(body, USER)
    if fits:
        assert check(token)
    else:
        with pytest.raises(CredentialsError):
            check(token)


def without(name: str) -> dict[str, Any]:
    return {key: value for key, value in GOOD.items() if key != name}


HEADER = {"alg": "ES256", "typ": USER, "kid": OURS.kid}
BAD: dict[str, str] = {
    "signed by another": Issuer().sign(GOOD, USER),
    "a plugin's": OURS.sign(GOOD, PLUGIN),
    "a limited user's": OURS.sign(GOOD, LIMITED),
    "a plain JWT": OURS.sign(GOOD, "JWT"),
    "without a type": OURS.sign(GOOD, None),
    "an unknown key": Issuer("other", key=OURS.key).sign(GOOD, USER),
    "no key id": OURS.sign(GOOD, USER, kid=""),
    "a critical extension": OURS.sign(GOOD, USER, crit=["exp"]),
    "no algorithm": forged({**HEADER, "alg": "none"}, GOOD),
    "no algorithm, unsigned, other case": forged({**HEADER, "alg": "nOnE"}, GOOD),
    "an algorithm of another kind": forged({**HEADER, "alg": "RS256"}, GOOD, "c2ln"),
    "a weak key": WEAK.sign(GOOD, USER),
    "another audience": OURS.sign({**GOOD, "aud": "other"}, USER),
    "a list of audiences": OURS.sign({**GOOD, "aud": ["backstage", "other"]}, USER),
    "no audience": OURS.sign(without("aud"), USER),
    "another issuer": OURS.sign({**GOOD, "iss": "https://evil.example/api/auth"}, USER),
    "no issuer": OURS.sign(without("iss"), USER),
    "no expiry": OURS.sign(without("exp"), USER),
    "no issue time": OURS.sign(without("iat"), USER),
    "an expiry in words": forged(HEADER, {**GOOD, "exp": "tomorrow"}, "c2ln"),
    "cut": OURS.sign(GOOD, USER)[:-3],
    "too long": OURS.sign({**GOOD, "ent": ["x" * 40_000]}, USER),
}


@pytest.mark.parametrize("name", BAD)
def test_anything_wrong_is_refused_and_never_said(name: str) -> None:
    with pytest.raises(CredentialsError, match=r"^Sign in to see this\.$"):
        check(BAD[name])


def test_a_public_key_is_no_shared_secret() -> None:
    """The classic confusion: HS256 with the published key as its secret."""
    published = RSA.key.public_key()
    from cryptography.hazmat.primitives import serialization as form

    pem = published.public_bytes(form.Encoding.PEM, form.PublicFormat.SubjectPublicKeyInfo)
    import hashlib
    import hmac
    from base64 import urlsafe_b64encode

    unsigned = forged({"alg": "HS256", "typ": USER, "kid": RSA.kid}, GOOD)[:-1]
    mark = urlsafe_b64encode(hmac.new(pem, unsigned.encode(), hashlib.sha256).digest()).decode().rstrip("=")
    with pytest.raises(CredentialsError):
        check(f"{unsigned}.{mark}", algorithms=("HS256", "ES256", "RS256"))


@pytest.mark.parametrize("change", [{"use": "enc"}, {"alg": "ES384"}, {"kty": "oct"}, {"crv": "P-384"}, {"x": "AA"}])
def test_a_key_for_something_else_is_not_used(change: dict[str, str]) -> None:
    with pytest.raises(CredentialsError):
        check(OURS.sign(GOOD, USER), Published({**OURS.jwk, **change}))


def test_a_key_in_the_header_is_never_looked_at() -> None:
    other = Issuer("mine")
    with pytest.raises(CredentialsError):
        check(other.sign(GOOD, USER, jwk=other.jwk, jku="https://evil.example/keys"))


@given(st.text() | st.lists(st.binary(max_size=40), max_size=5).map(lambda parts: b".".join(parts).decode("latin-1")))
def test_any_text_is_refused_without_a_fuss(text: str) -> None:
    with pytest.raises(CredentialsError):
        check(text)


@given(st.dictionaries(st.sampled_from(["alg", "typ", "kid", "crit"]), st.none() | st.integers() | st.text(max_size=9)))
def test_any_header_is_refused_without_a_fuss(header: dict[str, Any]) -> None:
    with pytest.raises(CredentialsError):
        check(forged({**HEADER, **header}, GOOD, "c2ln"))


@given(
    st.fixed_dictionaries(
        {},
        optional={
            name: st.none() | st.booleans() | st.floats() | st.integers() | st.lists(st.integers())
            for name in ("exp", "iat", "nbf", "aud", "iss")
        },
    )
)
def test_any_claims_are_judged_without_a_fuss(changed: dict[str, Any]) -> None:
    token = OURS.sign({**GOOD, **{k: v for k, v in changed.items() if v == v}}, USER)
    with contextlib.suppress(CredentialsError):
        check(token)
