"""Tokens as Backstage signs them, with keys made in the test: no key is ever committed."""

from __future__ import annotations

import json
import warnings
from base64 import urlsafe_b64encode
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

import jwt
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from jwt.warnings import InsecureKeyLengthWarning

USER, PLUGIN, LIMITED = "vnd.backstage.user", "vnd.backstage.plugin", "vnd.backstage.limited-user"


@dataclass
class Issuer:
    """One signing key. `jwk` is what is published of it."""

    kid: str = "first"
    algorithm: str = "ES256"
    key: Any = field(default_factory=lambda: ec.generate_private_key(ec.SECP256R1()))

    @classmethod
    def rsa(cls, kid: str = "rsa", bits: int = 2048) -> Issuer:
        return cls(kid, "RS256", rsa.generate_private_key(65537, bits))

    @property
    def jwk(self) -> dict[str, Any]:
        made = jwt.get_algorithm_by_name(self.algorithm).to_jwk(self.key.public_key(), as_dict=True)
        return {**made, "kid": self.kid, "alg": self.algorithm, "use": "sig"}

    def sign(self, claims: dict[str, Any], typ: str | None, **header: Any) -> str:
        with warnings.catch_warnings(category=InsecureKeyLengthWarning, action="ignore"):
            return jwt.PyJWS().encode(
                json.dumps(claims).encode(), self.key, self.algorithm, headers={"kid": self.kid, "typ": typ, **header}
            )

    def user(self, now: datetime, issuer: str, sub: str = "user:default/ada", **more: Any) -> str:
        return self.sign(claims(now, iss=issuer, sub=sub, aud="backstage", **more), USER)

    def plugin(self, now: datetime, sub: str = "catalog", aud: str = "roadworthy", **more: Any) -> str:
        return self.sign(claims(now, sub=sub, aud=aud, **more), PLUGIN)

    def limited(self, now: datetime, sub: str = "user:default/ada") -> str:
        return self.sign(claims(now, sub=sub), LIMITED)


def claims(now: datetime, **more: Any) -> dict[str, Any]:
    """Claims of a token issued a minute ago for an hour; None leaves one out."""
    moment = int(now.timestamp())
    found = {"iat": moment - 60, "exp": moment + 3600, **more}
    return {name: value for name, value in found.items() if value is not None}


def forged(header: dict[str, Any], body: dict[str, Any], signature: str = "") -> str:
    """A token put together by hand."""
    parts = [urlsafe_b64encode(json.dumps(part).encode()).decode().rstrip("=") for part in (header, body)]
    return ".".join([*parts, signature])
