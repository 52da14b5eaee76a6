"""JSON Web Tokens: the only door to PyJWT. Checks a signature and the claims that every kind of token has.

What is pinned here and never taken from the token: the algorithms, the token's type, its issuer and its audience
(RFC 8725). Keys come from a `Keys`; a header's own `jwk`, `jku` or `x5u` is never looked at.

PyJWT brings a cryptographic library of nine megabytes: it is loaded with the first token of a portal that is known.
"""

from __future__ import annotations

import json
import math
from base64 import urlsafe_b64decode
from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any, Protocol

from app.errors import CredentialsError

if TYPE_CHECKING:
    import jwt
    from jwt.types import Options

LONGEST = 40_000
"""Characters; Backstage issues up to 32,768."""
ALGORITHMS = ("ES256", "ES384", "ES512", "RS256", "RS384", "RS512", "PS256", "PS384", "PS512", "EdDSA")
"""What may be pinned: asymmetric only. A published key must never be usable as a shared secret."""
_KEY_TYPES = {"E": ("EC", "OKP"), "R": ("RSA",), "P": ("RSA",)}
_SMALLEST_RSA = 256  # bytes of the modulus
_SIGNATURE_ONLY: Options = {
    "verify_signature": True,
    "verify_exp": False,
    "verify_nbf": False,
    "verify_iat": False,
    "verify_aud": False,
    "verify_iss": False,
    "verify_sub": False,
    "verify_jti": False,
}


class Keys(Protocol):
    """Public keys of one issuer."""

    def key(self, kid: str) -> Mapping[str, Any] | None:
        """The JWK with this id, or None when the issuer has none. Raises UncheckableError when it can't be asked."""


def header_of(token: str) -> Mapping[str, Any]:
    """The header, not yet believed: only to choose which check to make. Raises CredentialsError."""
    return _part(token, 0)


def subject_of(token: str) -> str:
    """The subject claimed, not yet believed: only to choose whose keys must prove it. Raises CredentialsError."""
    return str(_part(token, 1).get("sub") or "")


def issuer_of(token: str) -> str:
    """The issuer claimed, not yet believed: only to leave alone what others must prove. Raises CredentialsError."""
    return str(_part(token, 1).get("iss") or "")


def verified(
    token: str,
    keys: Keys,
    *,
    typ: str,
    algorithms: Sequence[str],
    now: datetime,
    leeway: timedelta,
    audience: Sequence[str] = (),
    issuer: str = "",
) -> Mapping[str, Any]:
    """The claims of a token that holds. `audience`: any of these, one by name; empty: the type has none.

    Raises CredentialsError whatever is wrong (never saying what), UncheckableError when keys can't be fetched.
    """
    header = header_of(token)
    algorithm, kid = header.get("alg"), header.get("kid")
    if header.get("typ") != typ or algorithm not in algorithms or algorithm not in ALGORITHMS:
        raise CredentialsError
    if not isinstance(kid, str) or not kid or "crit" in header:
        raise CredentialsError
    claims = _signed(token, _usable(keys.key(kid), str(algorithm)), str(algorithm))
    _check_times(claims, now, leeway)
    if issuer and claims.get("iss") != issuer:
        raise CredentialsError
    if audience and claims.get("aud") not in audience:  # exactly one: Backstage names no lists
        raise CredentialsError
    return claims


def _part(token: str, position: int) -> Mapping[str, Any]:
    parts = token.split(".")
    if len(token) > LONGEST or len(parts) != 3:
        raise CredentialsError
    text = parts[position]
    try:
        found = json.loads(urlsafe_b64decode(text + "=" * (-len(text) % 4)))
    except (ValueError, RecursionError):
        raise CredentialsError from None
    if not isinstance(found, dict):
        raise CredentialsError
    return found


def _usable(key: Mapping[str, Any] | None, algorithm: str) -> jwt.PyJWK:
    """The key, if it is one for this algorithm and strong enough."""
    if key is None or key.get("kty") not in _KEY_TYPES[algorithm[0]]:
        raise CredentialsError
    if key.get("use", "sig") != "sig" or key.get("alg", algorithm) != algorithm:
        raise CredentialsError
    if key["kty"] == "RSA" and len(str(key.get("n", ""))) * 3 // 4 < _SMALLEST_RSA:
        raise CredentialsError
    import jwt

    try:
        return jwt.PyJWK(dict(key), algorithm)
    except (jwt.PyJWTError, ValueError, TypeError):
        raise CredentialsError from None


def _signed(token: str, key: jwt.PyJWK, algorithm: str) -> Mapping[str, Any]:
    """The payload under a good signature. Times and audiences are judged by us, by the clock we are given."""
    import jwt

    try:
        claims: Mapping[str, Any] = jwt.decode(token, key, algorithms=[algorithm], options=_SIGNATURE_ONLY)
    except (jwt.PyJWTError, ValueError, TypeError, RecursionError):
        raise CredentialsError from None
    return claims


def _check_times(claims: Mapping[str, Any], now: datetime, leeway: timedelta) -> None:
    moment, skew = now.timestamp(), leeway.total_seconds()
    expires, issued = _instant(claims, "exp"), _instant(claims, "iat")
    starts = _instant(claims, "nbf") if "nbf" in claims else issued
    if moment >= expires + skew or moment < issued - skew or moment < starts - skew:
        raise CredentialsError


def _instant(claims: Mapping[str, Any], name: str) -> float:
    value = claims.get(name)
    if isinstance(value, bool) or not isinstance(value, int | float) or not math.isfinite(value):
        raise CredentialsError
    return value
