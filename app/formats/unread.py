"""What a file that could not be read at all may hold, by its path alone: where its content would have told us.

A file too large, lost from the repository, or kept elsewhere (Git LFS) is "present but unreadable": without this its
alerts would count as absent. Only names that say what they hold do so; any other large file hides nothing from us.
The beginning of a file is not looked at, though a working tree has it: a mirror has none of it, and both answer alike.
"""

from __future__ import annotations

import re

from app.formats.reading import name_class

_YAML = frozenset(("json", "json-template", "yaml", "yaml-template", "values"))
_WORD = r"(?:^|[/._-])(?:{})(?=$|[/._-])"
_BY_NAME = {
    "alerting": re.compile(_WORD.format("alerts?|alerting|alert-?rules?|prometheus-?rules?")),
    "slo": re.compile(_WORD.format("slos?|sloth|pyrra|openslo|objectives?")),
    "catalog": re.compile(_WORD.format("catalog-info|backstage")),
    "workloads": re.compile(_WORD.format("deploy|deployments?|k8s|kubernetes|manifests?|kustomization")),
    "api": re.compile(_WORD.format("openapi|swagger|apispec")),
}
_NEVER = re.compile(r"(?!)")
_PERHAPS = {
    "alerting": (
        re.compile(_WORD.format("rules?|monitoring")),
        re.compile(_WORD.format("rules?")),
        re.compile(_WORD.format("prometheus|thanos|cortex|mimir|loki|ruler|observability|monitoring")),
        re.compile(
            _WORD.format(
                "lint|linter|[a-z]*lint|semgrep|codeql|sonar|sonarqube|checkstyle|pmd|detekt|spectral|falco|sigma|yara|snort"
                "|suricata|wazuh|modsecurity|waf|crs|firewall|iptables|nftables|udev|firestore|firebase|opa|gatekeeper"
                "|kyverno|renovate|cursor|nginx|redirects?|rewrites?|routing|lifecycle|grammar|crds?|bundle|dashboards?"
            )
        ),
    ),
    "catalog": (
        re.compile(_WORD.format("catalog")),
        re.compile(_WORD.format("catalog")),
        re.compile(_WORD.format("entities|components|systems")),
        re.compile(_WORD.format("olm|operators?|bundles?|configs|products?|datasets?|messages|locales?|i18n")),
    ),
}
"""Group → a word that many tools have for theirs; in JSON that word and one beside it; words of others."""
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
    if kind not in _YAML:
        return ()
    json = lowered.endswith(".json")
    return tuple(group for group, word in _BY_NAME.items() if word.search(lowered) or _perhaps(group, lowered, json))


def _perhaps(group: str, path: str, json: bool) -> bool:
    """People write rules as YAML: JSON called so is more often a linter's."""
    word, named, ours, others = _PERHAPS.get(group, (_NEVER, _NEVER, _NEVER, _NEVER))
    if others.search(path):
        return False
    return bool(named.search(path) and ours.search(path)) if json else bool(word.search(path))
