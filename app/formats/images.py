"""How firmly the name of an image names it: for containers of pods, and for what Dockerfiles build on."""

from __future__ import annotations

MOVING = frozenset(("", "latest", "main", "master", "develop", "dev", "edge", "nightly", "canary", "head", "snapshot"))
"""Tags that are given to the next build too, and no tag at all, which is read as `latest`."""
_RELEASES = frozenset(("latest", "stable", "lts", "rolling", "current"))
"""First words of tags that follow a line of releases, variants of them (`lts-slim`, `stable-alpine`) included."""


def state_of(image: str) -> str:
    """`digest`, `tag` or `moving`. Source: kube-linter latest-tag; hadolint DL3006 and DL3007."""
    name, _, digest = image.partition("@")
    if digest.startswith("sha256:"):
        return "digest"
    return "moving" if is_moving(tag_of(name)) else "tag"


def tag_of(image: str) -> str:
    """What stands behind the name, "" for nothing; a registry's port is no tag."""
    return image.partition("@")[0].rpartition("/")[2].partition(":")[2]


def is_moving(tag: str) -> bool:
    """Whether a tag leads to another image tomorrow. A number in it (`lts-20.1`, `nightly-2026-01-31`) fixes it."""
    written = tag.lower()
    fixed = any(letter.isdigit() for letter in written)
    return written in MOVING or (not fixed and written.partition("-")[0] in _RELEASES)
