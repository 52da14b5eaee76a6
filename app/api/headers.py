"""What every answer says to browsers: what may run, who may embed or read it, and that nobody else may keep it.

Pages and API are for our own origin. `/widgets/` and `/badges/` may be framed and shown by the origins of
`serve.frame_ancestors`; scripts of `serve.cors_origins` may call the API with a bearer token, never with cookies.
"""

from __future__ import annotations

from flask import Flask, Response, request

from app.identity.access import Access

_EMBEDDED = ("/widgets/", "/badges/")
_CALLED = ("/api/", "/badges/", "/widgets/")
_POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; font-src 'self'; "
    "connect-src 'self'; form-action 'self'; base-uri 'none'; frame-src 'self'; manifest-src 'self'; "
)
_ALWAYS = {
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "same-origin",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Permissions-Policy": "camera=(), geolocation=(), microphone=(), payment=(), usb=()",
    "X-Permitted-Cross-Domain-Policies": "none",
}
_PREFLIGHT = {
    "Access-Control-Allow-Methods": "GET, HEAD, POST, OPTIONS",
    "Access-Control-Allow-Headers": "Authorization, Content-Type, If-None-Match, Idempotency-Key",
    "Access-Control-Max-Age": "600",
}


def install(app: Flask, access: Access) -> None:
    @app.after_request
    def add(response: Response) -> Response:
        _protect(response, access)
        if request.path.startswith(_CALLED):
            _share(response, access)
        return response


def _protect(response: Response, access: Access) -> None:
    embedded = request.path.startswith(_EMBEDDED)
    ancestors = " ".join(("'self'", *access.frame_ancestors)) if embedded else "'self'"
    for name, value in _ALWAYS.items():
        response.headers.setdefault(name, value)
    response.headers.setdefault("Content-Security-Policy", f"{_POLICY}frame-ancestors {ancestors}")
    response.headers.setdefault("Cross-Origin-Resource-Policy", "cross-origin" if embedded else "same-origin")
    if not embedded:
        response.headers.setdefault("X-Frame-Options", "SAMEORIGIN")
    if access.is_https:
        response.headers.setdefault("Strict-Transport-Security", "max-age=31536000")
    if access.is_on:
        response.headers.setdefault("Cache-Control", "private, no-cache")
        response.vary.update(("Authorization", "Cookie"))


def _share(response: Response, access: Access) -> None:
    """CORS by an allow-list. Without `Allow-Credentials` a browser sends no cookie, so another site acts as nobody."""
    if not access.cors_origins:
        return
    response.vary.add("Origin")
    origin = request.headers.get("Origin", "").lower()
    if origin not in access.cors_origins:
        return
    response.headers["Access-Control-Allow-Origin"] = origin
    response.headers["Access-Control-Expose-Headers"] = "ETag, Retry-After"
    response.headers["Cross-Origin-Resource-Policy"] = "cross-origin"
    if request.method == "OPTIONS":
        response.headers.update(_PREFLIGHT)
