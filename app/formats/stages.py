"""Words in paths that tell the stage which serves users from the others: `overlays/prod`, `values-staging.yaml`."""

from __future__ import annotations

import re

PRODUCTION = frozenset(("prod", "production", "prd", "live"))
LESSER = frozenset(
    (
        *("dev", "devel", "develop", "development", "test", "tests", "testing", "staging", "stage", "stg", "qa", "uat"),
        *("sandbox", "local", "localhost", "preview", "previews", "ci", "kind", "minikube", "k3d", "nonprod", "int"),
        *("integration", "demo", "e2e", "example", "examples", "sample", "samples", "playground", "debug", "pr"),
    )
)
_WORDS = re.compile(r"[/._-]+")


def words(path: str) -> list[str]:
    """The words of a path: `overlays/prod-eu` gives overlays, prod, eu."""
    return [word for word in _WORDS.split(path.lower()) if word]


def is_production(path: str) -> bool:
    return not PRODUCTION.isdisjoint(words(path))


def is_lesser(path: str) -> bool:
    found = words(path)
    return PRODUCTION.isdisjoint(found) and not LESSER.isdisjoint(found)


def neutral(path: str) -> str:
    """The path with every part that names a stage as `*`: the same for folders that differ in the stage alone."""
    stages = PRODUCTION | LESSER
    return "/".join("*" if not stages.isdisjoint(words(part)) else part for part in path.split("/"))


def staged(path: str) -> str:
    """The path down to its first part that names a stage, which all below it belongs to; whole where none does."""
    stages = PRODUCTION | LESSER
    parts = path.split("/")
    at = next((index for index, part in enumerate(parts) if not stages.isdisjoint(words(part))), len(parts))
    return "/".join(parts[: at + 1])
