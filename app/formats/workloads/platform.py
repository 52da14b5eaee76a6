"""What platform teams keep in a cluster: backups, guardrails of namespaces, admission policies, installed charts.

Sources: Velero's API reference, the Pod Security Standards, Kyverno's and Gatekeeper's policy references.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Container, Iterable, Iterator, Mapping, Sequence
from typing import Any

from app.formats.infrastructure import AdmissionPolicy, BackupSchedule, ChartRelease, NamespaceGuards
from app.formats.model import Object
from app.formats.prometheus_place import texts
from app.formats.workloads.resource import Resource, is_known, readable
from app.formats.workloads.selectors import labels_of

_PSA = "pod-security.kubernetes.io/enforce"
_TTL = re.compile(r"(?:(\d+)h)?(?:(\d+)m)?(?:(\d+)s)?")
_CRON = re.compile(r"@(every \d+[hms]\S*|hourly|daily|midnight|weekly|monthly|yearly|annually)|\S+( \S+){4}")


def platform(resources: Sequence[Resource]) -> Iterator[tuple[str, Object]]:
    """(path, object) of all that guards a cluster."""
    stores = [one for one in resources if (one.api, one.kind) == ("velero.io", "BackupStorageLocation")]
    guards = _guards(resources)
    for one in resources:
        maker = _MAKERS.get((one.api, one.kind))
        if maker is not None:
            yield one.path, maker(one)
        elif (one.api, one.kind) == ("velero.io", "Schedule"):
            yield one.path, _schedule(one, readable(one.name), one.spec, bool(stores))
        elif (one.api, one.kind) == ("", "Namespace"):
            yield one.path, _namespace(one, guards.get((one.environment, one.name), frozenset()))
        elif (one.api, one.kind) in _RELEASES:
            yield from _release(one)


def _labels(one: Resource) -> dict[str, Any]:
    return {
        "line": one.line,
        "ignored": one.ignored,
        "labels": {key: value for key, value in labels_of(one.metadata.get("labels")).items() if is_known(value)},
        "object_annotations": dict(list(texts(one.metadata.get("annotations")).items())[:50]),
    }


def _schedule(one: Resource, name: str, spec: Mapping[str, Any], stored: bool) -> BackupSchedule:
    template = spec.get("template")
    template = template if isinstance(template, dict) else {}
    included = template.get("includedNamespaces")
    written = str(spec.get("schedule", "")).removeprefix("CRON_TZ=UTC ").strip()
    days, unknown = _days(template.get("ttl"))
    problem = ""
    if spec.get("paused") is True or spec.get("disabled") is True:
        problem = "it is paused"
    elif is_known(written) and not _CRON.fullmatch(written):
        problem = f"“{written[:40]}” is no schedule"
    elif not stored:
        problem = "no BackupStorageLocation is declared beside it"
    return BackupSchedule(
        **_labels(one),
        format="velero",
        name=name,
        schedule=readable(written)[:100],
        everything=not included or included == ["*"],
        retention_days=days,
        problem=problem,
        unknown=unknown,
    )


def _days(ttl: Any) -> tuple[int, dict[str, str]]:
    """How long a backup is kept, 30 days unless written: whole days of a Go duration."""
    if ttl is None:
        return 30, {}
    match = _TTL.fullmatch(str(ttl))
    if match is None or not match[0]:
        return 0, {"retention_days": f"how long it is kept can't be told ({readable(str(ttl))[:40]})"}
    hours, minutes, seconds = (int(part or 0) for part in match.groups())
    return (hours * 3600 + minutes * 60 + seconds) // 86_400, {}


def _guards(resources: Iterable[Resource]) -> dict[tuple[str, str], frozenset[str]]:
    """(environment, namespace) → what guards it."""
    found: dict[tuple[str, str], frozenset[str]] = {}
    for one in resources:
        guard = _guard(one)
        if guard and not one.ignored and one.namespace:
            key = (one.environment, one.namespace)
            found[key] = found.get(key, frozenset()) | {guard}
    return found


def _guard(one: Resource) -> str:
    if one.api == "" and one.kind in ("ResourceQuota", "LimitRange"):
        return {"ResourceQuota": "quota", "LimitRange": "limit_range"}[one.kind]
    if one.kind != "NetworkPolicy" or one.spec.get("podSelector") not in ({}, {"matchLabels": {}}):
        return ""
    kinds = one.spec.get("policyTypes")
    ingress = one.spec.get("ingress")
    empty = not isinstance(ingress, dict) or not ingress.get("rules")
    is_told = kinds is None or (isinstance(kinds, Container) and "Ingress" in kinds)
    return "default_deny" if empty and is_told else ""


def _namespace(one: Resource, guards: frozenset[str]) -> NamespaceGuards:
    shared = _labels(one)
    return NamespaceGuards(
        **shared,
        name=readable(one.name),
        pod_security=shared["labels"].get(_PSA, ""),
        quota="quota" in guards,
        limit_range="limit_range" in guards,
        default_deny="default_deny" in guards,
    )


def _kyverno(one: Resource) -> AdmissionPolicy:
    rules = one.spec.get("rules")
    actions = [one.spec.get("validationFailureAction")]
    for rule in rules if isinstance(rules, list) else ():
        validate = rule.get("validate") if isinstance(rule, dict) else None
        actions.append(validate.get("failureAction") if isinstance(validate, dict) else None)
    enforces = any(str(action).lower() == "enforce" for action in actions)
    return AdmissionPolicy(**_labels(one), engine="kyverno", name=readable(one.name), enforces=enforces)


def _gatekeeper(one: Resource) -> AdmissionPolicy:
    enforces = one.spec.get("enforcementAction", "deny") == "deny"
    return AdmissionPolicy(**_labels(one), engine="gatekeeper", name=readable(one.name), enforces=enforces)


def _binding(one: Resource) -> AdmissionPolicy:
    actions = one.spec.get("validationActions")
    enforces = isinstance(actions, list) and "Deny" in actions
    return AdmissionPolicy(**_labels(one), engine="kubernetes", name=readable(one.name), enforces=enforces)


_MAKERS: Mapping[tuple[str, str], Callable[[Resource], Object]] = {
    ("kyverno.io", "ClusterPolicy"): _kyverno,
    ("kyverno.io", "Policy"): _kyverno,
    ("constraints.gatekeeper.sh", "Constraint"): _gatekeeper,
    ("admissionregistration.k8s.io", "ValidatingAdmissionPolicyBinding"): _binding,
}
_RELEASES = {("helm.toolkit.fluxcd.io", "HelmRelease"), ("helm.cattle.io", "HelmChart"), ("argoproj.io", "Application")}


def _release(one: Resource) -> Iterator[tuple[str, Object]]:
    """A chart that is installed, and the backups that Velero's chart makes of its values."""
    for chart, values in _charts(one):
        rules = values.get("defaultRules")
        on = not isinstance(rules, dict) or rules.get("create") is not False
        yield one.path, ChartRelease(**_labels(one), chart=chart, name=readable(one.name), default_rules=on)
        schedules = values.get("schedules")
        for name, spec in schedules.items() if chart == "velero" and isinstance(schedules, dict) else ():
            if isinstance(spec, dict):
                yield one.path, _schedule(one, name, spec, True)


def _charts(one: Resource) -> Iterator[tuple[str, Mapping[str, Any]]]:
    """(chart, values) of a release; the chart's own name, without the repository before it."""
    if one.kind == "Application":
        several = one.spec.get("sources")
        for source in (one.spec.get("source"), *(several if isinstance(several, list) else ())):
            if isinstance(source, dict) and isinstance(source.get("chart"), str):
                helm = source.get("helm")
                helm = helm if isinstance(helm, dict) else {}
                yield source["chart"], _first(helm.get("valuesObject"), helm.get("values"))
        return
    chart = one.spec.get("chart")
    inner = chart.get("spec") if isinstance(chart, dict) else None
    name = inner.get("chart") if isinstance(inner, dict) else chart
    if isinstance(name, str):
        yield name.rpartition("/")[2], _first(one.spec.get("values"), one.spec.get("valuesContent"))


def _first(*values: Any) -> Mapping[str, Any]:
    return next((value for value in values if isinstance(value, dict) and value), {})
