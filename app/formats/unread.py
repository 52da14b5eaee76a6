"""What a file that could not be read at all may hold, by its path alone: where its content would have told us.

A file too large, lost from the repository, or kept elsewhere (Git LFS) is "present but unreadable": without this its
alerts would count as absent. Only names that say what they hold do so; any other large file hides nothing from us.
"""

from __future__ import annotations

import re

from app.formats.reading import name_class

_YAML = frozenset(("json", "json-template", "yaml", "yaml-template", "values"))
_WORD = r"(?:^|[/._-])(?:{})(?=$|[/._-])"
_BY_NAME = {
    "alerting": re.compile(_WORD.format("alerts?|alerting|alert-?rules?|rules?|prometheus-?rules?|monitoring")),
    "slo": re.compile(_WORD.format("slos?|sloth|pyrra|openslo|objectives?")),
    "catalog": re.compile(_WORD.format("catalog-info|catalog|backstage")),
    "workloads": re.compile(_WORD.format("deploy|deployments?|k8s|kubernetes|manifests?|kustomization")),
    "api": re.compile(_WORD.format("openapi|swagger|apispec")),
}
_RUNBOOK = re.compile(_WORD.format("runbooks?|playbooks?|run-books?|sops?"))
_ALONE = {
    "codeowners": ("codeowners",),
    "terraform": ("database", "cluster"),
    "tfvars": ("database", "cluster"),
    "kustomization": ("workloads",),
}
"""Kinds of file that hold one thing, whatever they are called."""


def likely_groups(path: str) -> tuple[str, ...]:
    """The fact groups that a file of this path likely speaks of; none where its path says nothing."""
    kind, lowered = name_class(path), path.lower()
    if kind in _ALONE:
        return _ALONE[kind]
    if kind == "markdown":
        return ("runbooks",) if _RUNBOOK.search(lowered) else ()
    return tuple(group for group, word in _BY_NAME.items() if kind in _YAML and word.search(lowered))
