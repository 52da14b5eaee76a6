"""Credentials inside strangers' texts, taken out before anything is kept: the one list of what they look like.

Used by readers of descriptors, rules and objectives. A URL stays a URL that a person can follow.
"""

from __future__ import annotations

import re

REDACTED = "[redacted]"
_TOKENS = re.compile(
    r"(?:https://hooks\.slack\.com/(?:services|workflows|triggers)/[^\s\"'<>)]+"
    r"|https://(?:\w+\.)?discord(?:app)?\.com/api/webhooks/[^\s\"'<>)]+"
    r"|https://[\w.-]+\.webhook\.office\.com/[^\s\"'<>)]+"
    r"|https://events\.pagerduty\.com/(?:integration|x-ere)/[^\s\"'<>)]+"
    r"|\b(?:ghp|gho|ghs|ghu|github_pat|glpat|xox[abprs])[-_][\w-]{10,}"
    r"|-----BEGIN [A-Z ]*PRIVATE KEY-----.*)",
    re.DOTALL,
)
_USERINFO = re.compile(r"""(?<=://)[^/?#\s"'<>]{1,1024}@""")
_QUERY = re.compile(
    r"""([?&;](?:[\w.]{0,40}[-_])?(?:token|api[-_]?key|password|passwd|secret|signature|sig)=)[^&;#\s"'<>]+""",
    re.IGNORECASE,
)
_NAME = r"(?:pass(?:word|wd)|[-_.]?token|(?:api|integration|routing|access|private)[-_]?key|client[-_]?secret)"
_VALUE = r"""["']?(?![\s"'$<{\[!&*|>#]|(?:true|false|null)\b|(?:var|local|data|module|random_\w+)\.)[^\s"']"""
_GIVEN = re.compile(
    rf"""{_NAME}["']?\s*[:=]>?[^\S\n]*{_VALUE}"""  # password: x, --token=x, password = "x"
    rf"""|name:\s*["']?\w*{_NAME}["']?\s*,?\s*value:[^\S\n]*{_VALUE}""",  # an environment variable of a container
    re.IGNORECASE,
)


def holds_secret(text: str) -> bool:
    """Whether a text seems to hold a credential in the clear: one that `without_secrets` knows, or a literal given to a
    name like password, token or key. Rather too often than too seldom; a reference to a secret is none."""
    return without_secrets(text) != text or _GIVEN.search(text) is not None


def without_secrets(text: str) -> str:
    """The text without webhook addresses, forges' and chats' tokens, private keys, and passwords or tokens in URLs."""
    if "://" in text:
        text = _QUERY.sub(rf"\1{REDACTED}", _USERINFO.sub(_without_user, text))
    return _TOKENS.sub(REDACTED, text) if "-" in text or "_" in text or "://" in text else text


def _without_user(match: re.Match[str]) -> str:
    """`ssh://git@host` gives nothing away; anything with a password, and any user of http, may be a token."""
    web = match.string[max(0, match.start() - 8) : match.start() - 3].lower().endswith(("http", "https"))
    return "" if web or ":" in match[0] else match[0]
