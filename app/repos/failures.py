"""What git's complaints mean: whose fault it is, whether trying again can help, and whether another way may work."""

from __future__ import annotations

import re

from app.errors import RepositoryError

_FORBIDDEN = r"authentication failed|could not read (username|password)|error: 40[13]\b|permission denied|access denied"
_MOVED = r"error: 30[1278]\b|unable to update url base from redirection"
_GONE = r"not found|does not exist|does not appear to be a git repository|error: 404\b|error: 410\b"
_LARGE = r"file too large|file size limit|died of signal 25"
_CORRUPT = (
    r"corrupt|bad object|bad tree|unable to read (sha1|tree|[0-9a-f]{40})|missing (blob|tree|commit)|inflate|"
    r"did not send all|not a valid object|bad config|not a git repository: '|pack has (bad|junk)|index-pack"
)
_REASONS = tuple(
    (re.compile(pattern, re.IGNORECASE), reason, permanent)
    for pattern, reason, permanent in (
        (_FORBIDDEN, "forbidden", True),
        (_MOVED, "source_failing", True),
        (_GONE, "source_failing", True),
        (_LARGE, "unreadable", True),
        (_CORRUPT, "unreadable", False),
    )
)
_PARTIAL = re.compile(
    r"shallow|no commits selected|filter|filtering not recognized|does not support|unadvertised object|not our ref|"
    r"did not send all|upload-pack: not our|negotiation|unexpected disconnect|bad pack header",
    re.IGNORECASE,
)
_OBJECTS = re.compile(
    r"unadvertised object|not our ref|did not send all|missing (blob|tree)|bad object|upload-pack: not our|"
    r"unable to read|corrupt|file too large|died of signal 25|index-pack",
    re.IGNORECASE,
)
_HERE = re.compile(
    r"no space left on device|disk quota exceeded|read-only file system|input/output error|too many open files|"
    r"cannot allocate memory|out of memory",
    re.IGNORECASE,
)
"""Our own machine is in trouble: nothing is said of the repository, and another way of asking ends no better."""
_NO_BRANCH = re.compile(r"couldn't find remote ref", re.IGNORECASE)
_URL = re.compile(r"[a-z][a-z0-9+.-]*://[^\s']*", re.IGNORECASE)


class GitFailure(RepositoryError):
    """A git command that ended badly. `may_try_plainer`: the server can't do shallow or partial fetches.

    `lost_objects`: single objects can't be had from there, while the rest perhaps can. `lost_branch`: what was asked
    for is there no more, while the repository is.
    """

    def __init__(self, message: str, *, reason: str, permanent: bool, stderr: str) -> None:
        super().__init__(message, reason=reason, permanent=permanent)
        ours = _HERE.search(stderr) is not None
        self.may_try_plainer = not ours and _PARTIAL.search(stderr) is not None
        self.lost_branch = not ours and _NO_BRANCH.search(stderr) is not None
        self.lost_objects = not ours and _OBJECTS.search(stderr) is not None


def failure(what: str, returncode: int, stderr: str) -> GitFailure:
    """The error for a command that failed; `stderr` must hold no secret any more."""
    lines = [line.strip() for line in stderr.splitlines() if line.strip()]
    told = [line for line in lines if re.match(r"(fatal|error|remote|ERROR)", line)] or lines
    because = told[0][:300] if told else ("it crashed" if returncode < 0 else "no reason given")
    sentence = f"git {what} failed: {because}"
    words = _URL.sub("", stderr)  # a repository may be called “corrupt” or “not-found”
    if _HERE.search(words):
        return GitFailure(sentence, reason="source_failing", permanent=False, stderr=words)
    for pattern, reason, permanent in _REASONS:
        if pattern.search(words):
            return GitFailure(sentence, reason=reason, permanent=permanent, stderr=words)
    reason = "unreadable" if returncode < 0 else "source_failing"
    return GitFailure(sentence, reason=reason, permanent=False, stderr=words)
