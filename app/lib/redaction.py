"""Secrets taken out of text: what replaces them still shows that something was there.

Only well-known shapes are matched, with bounded patterns, so that a hostile text costs linear time.
"""

from __future__ import annotations

import re

MARKER = "[redacted]"

_WEBHOOKS = re.compile(
    r"https?://(?:"
    r"hooks\.slack\.com/|"
    r"(?:[a-z]{1,10}\.)?discord(?:app)?\.com/api/(?:v[0-9]{1,2}/)?webhooks/|"
    r"[a-z0-9-]{1,63}\.webhook\.office\.com/|"
    r"outlook\.office(?:365)?\.com/webhook/|"
    r"[a-z0-9.-]{1,120}\.(?:logic\.azure|powerplatform)\.com(?::[0-9]{1,5})?/|"
    r"chat\.googleapis\.com/v1/spaces/|"
    r"events\.(?:eu\.)?pagerduty\.com/(?:integration/|x-ere/)|"
    r"alert\.victorops\.com/integrations/"
    r""")[^\s"'<>)\]]{1,2000}""",
    re.IGNORECASE,
)
_USER_INFO = re.compile(r"""(?<=://)[^/?#\s"'<>]{1,1024}@""")
_QUERY = re.compile(
    r"""(?<=[?&])(token|access_token|private_token|api_?key|apikey|key|secret|sig|signature|password|auth)"""
    r"""=[^&\s"'<>#]{1,2000}""",
    re.IGNORECASE,
)
_TOKENS = re.compile(
    r"\b(?:"
    r"gh[oprsu]_[A-Za-z0-9]{20,255}|"
    r"github_pat_[A-Za-z0-9_]{20,255}|"
    r"glpat-[A-Za-z0-9_-]{16,255}|"
    r"xox[abeoprs]-[A-Za-z0-9-]{10,255}|"
    r"AKIA[A-Z0-9]{16}|"
    r"sk_live_[A-Za-z0-9]{16,255}|"
    r"eyJ[A-Za-z0-9_-]{10,2000}\.[A-Za-z0-9_-]{10,2000}\.[A-Za-z0-9_-]{0,2000}"
    r")"
)
_PRIVATE_KEY = re.compile(r"-----BEGIN [A-Z ]{0,40}PRIVATE KEY-----[^-]{0,20000}(?:-----END [A-Z ]{0,40}-----)?")
_KEY_NAME = re.compile(
    r"(?:.{0,120}[-_./])?(?:(?:integration|routing|api|access|private|secret|signing)[-_]?key|(?:[a-z]{1,40}[-_])?token|"
    r"password|passwd|secret|client[-_]secret|webhook(?:[-_]url)?)",
    re.IGNORECASE,
)
_HINTS = ("://", "gh", "glpat-", "xox", "AKIA", "sk_live_", "eyJ", "-----BEGIN")


def redact_text(text: str) -> str:
    """The text with webhook URLs, passwords in URLs and well-known tokens replaced by `MARKER`."""
    if not any(hint in text for hint in _HINTS):
        return text
    text = _WEBHOOKS.sub(MARKER, text)
    text = _USER_INFO.sub(_user_info, text)
    text = _QUERY.sub(lambda match: f"{match[1]}={MARKER}", text)
    text = _TOKENS.sub(MARKER, text)
    return _PRIVATE_KEY.sub(MARKER, text)


def names_a_secret(key: str) -> bool:
    """Whether a key's own name says that its value is a secret: `integration-key`, `api_token`, `password`."""
    return _KEY_NAME.fullmatch(key[:200]) is not None


def _user_info(match: re.Match[str]) -> str:
    """`ssh://git@host` gives no secret away; anything with a password, and any user of https, may."""
    scheme = match.string[max(0, match.start() - 10) : match.start() - 3].lower()
    if ":" not in match[0] and not scheme.endswith(("http", "https")):
        return match[0]
    return f"{MARKER}@"
