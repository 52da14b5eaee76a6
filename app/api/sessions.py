"""The sign-in of pages: a signed, strict cookie that names a token or a person. Kept on the server is only what ended.

A token behind a session is looked up on every request, so revoking it ends its sessions at once; signing out ends one
session, and a copy of its cookie with it.
"""

from __future__ import annotations

import hashlib
import secrets
from dataclasses import replace
from datetime import datetime

from flask import Request, json
from werkzeug.wrappers import Response

from app.catalog.model import EntityRef
from app.errors import CredentialsError
from app.identity.access import Access
from app.identity.authenticator import Authenticator
from app.identity.model import ADMIN, Identity
from app.lib.times import format_instant, parse_instant

_PURPOSE = "session"


def cookie_name(access: Access) -> str:
    """`__Host-` binds the cookie to this very host, over https only (RFC 6265bis)."""
    return "__Host-roadworthy_session" if access.is_https else "roadworthy_session"


def begin(response: Response, access: Access, authenticator: Authenticator, identity: Identity) -> None:
    """Sets the cookie for someone who just proved who they are."""
    now = authenticator.clock()
    life = access.session_lifetime
    body: dict[str, object] = {"token": identity.key}
    if not identity.key:
        body = {"user": identity.subject, "scopes": sorted(identity.scopes - {ADMIN})}
    body["nonce"] = secrets.token_hex(8)  # two sign-ins of one second are two sessions
    if identity.expires_at is not None:
        body["until"] = format_instant(identity.expires_at)
        life = min(life, identity.expires_at - now)
    response.set_cookie(
        cookie_name(access),
        access.signer.sign(_PURPOSE, json.dumps(body), now),
        max_age=life,
        path="/",
        secure=access.is_https,
        httponly=True,
        samesite="Strict",
    )


def end(request: Request, response: Response, access: Access, now: datetime) -> None:
    """Takes the cookie away, and lets no copy of it in again."""
    if text := text_of(request, access):
        access.sessions.end(_digest(text), now + access.session_lifetime, now)
    response.delete_cookie(cookie_name(access), path="/", secure=access.is_https, httponly=True, samesite="Strict")


def _digest(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()


def text_of(request: Request, access: Access) -> str:
    return request.cookies.get(cookie_name(access), "")


def identity_of(request: Request, access: Access, authenticator: Authenticator) -> Identity | None:
    """Who signed in on the pages. None without a cookie; raises CredentialsError for one that no longer holds."""
    text = text_of(request, access)
    if not text:
        return None
    now = authenticator.clock()
    payload = access.signer.open(_PURPOSE, text, now, access.session_lifetime)
    if payload is None or access.sessions.is_ended(_digest(text)):
        raise CredentialsError
    body = json.loads(payload)
    if "until" in body and parse_instant(body["until"]) <= now:
        raise CredentialsError
    if "token" in body:
        found = authenticator.token(body["token"])
    else:
        found = authenticator.user(EntityRef.parse(body["user"], kind="user"), body["scopes"])
    return replace(found, ambient=True)
