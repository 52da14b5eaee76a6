"""What platform teams keep in a cluster: Velero's schedules, guardrails of namespaces, policies, installed charts."""

from __future__ import annotations

import pytest
from terraform_files import made

from app.formats.infrastructure import AdmissionPolicy, BackupSchedule, ChartRelease, NamespaceGuards
from app.formats.model import Object

STORE = "apiVersion: velero.io/v1\nkind: BackupStorageLocation\nmetadata: {name: default}\nspec: {provider: aws}\n---\n"


def only(text: str, cls: type[Object]) -> Object:
    ((_, found),) = made({"a.yaml": text}, cls)
    return found


def velero(spec: str, store: str = STORE) -> BackupSchedule:
    text = f"{store}apiVersion: velero.io/v1\nkind: Schedule\nmetadata: {{name: daily}}\nspec: {{{spec}}}\n"
    found = only(text, BackupSchedule)
    assert isinstance(found, BackupSchedule)
    return found


@pytest.mark.parametrize(
    ("spec", "everything", "days", "problem"),
    [
        ("schedule: 0 2 * * *", True, 30, ""),
        ("schedule: '@daily', template: {ttl: 168h}", True, 7, ""),
        ("schedule: '@every 6h', template: {includedNamespaces: ['*'], ttl: 720h0m0s}", True, 30, ""),
        ("schedule: 0 2 * * *, template: {includedNamespaces: [shop]}", False, 30, ""),
        ("schedule: 0 2 * * *, paused: true", True, 30, "it is paused"),
        ("schedule: nightly", True, 30, "“nightly” is no schedule"),
    ],
)
def test_a_schedule_of_velero_is_read(spec: str, everything: bool, days: int, problem: str) -> None:
    found = velero(spec)
    assert (found.everything, found.retention_days, found.problem) == (everything, days, problem)


def test_a_schedule_without_a_store_backs_nothing_up() -> None:
    assert velero("schedule: 0 2 * * *", "").problem == "no BackupStorageLocation is declared beside it"


def test_the_charts_own_schedules_count() -> None:
    values = "{schedules: {nightly: {schedule: 0 1 * * *, template: {ttl: 240h}}}}"
    release = (
        "apiVersion: helm.toolkit.fluxcd.io/v2\nkind: HelmRelease\nmetadata: {name: velero}\n"
        f"spec: {{chart: {{spec: {{chart: velero}}}}, values: {values}}}\n"
    )
    found = only(release, BackupSchedule)
    assert isinstance(found, BackupSchedule)
    assert (found.name, found.retention_days, found.problem) == ("nightly", 10, "")


NAMESPACE = "apiVersion: v1\nkind: Namespace\nmetadata: {name: shop%s}\n"
QUOTA = "---\napiVersion: v1\nkind: ResourceQuota\nmetadata: {name: q, namespace: shop}\nspec: {hard: {pods: 10}}\n"
LIMITS = "---\napiVersion: v1\nkind: LimitRange\nmetadata: {name: l, namespace: shop}\nspec: {limits: []}\n"
DENY = (
    "---\napiVersion: networking.k8s.io/v1\nkind: NetworkPolicy\nmetadata: {name: d, namespace: shop}\n"
    "spec: {podSelector: {}, policyTypes: [Ingress]%s}\n"
)


def guards(text: str) -> NamespaceGuards:
    found = only(text, NamespaceGuards)
    assert isinstance(found, NamespaceGuards)
    return found


def test_a_bare_namespace_has_no_guards() -> None:
    found = guards(NAMESPACE % "")
    assert (found.pod_security, found.quota, found.limit_range, found.default_deny) == ("", False, False, False)


def test_guards_are_matched_by_namespace_in_any_file() -> None:
    label = ", labels: {pod-security.kubernetes.io/enforce: restricted}"
    files = {"ns.yaml": NAMESPACE % label, "quota.yaml": QUOTA + LIMITS, "net.yaml": DENY % ""}
    ((_, found),) = made(files, NamespaceGuards)
    assert (found.pod_security, found.quota, found.limit_range, found.default_deny) == ("restricted", True, True, True)


@pytest.mark.parametrize("rule", [", ingress: [{}]", ", ingress: [{from: []}]"])
def test_a_policy_that_allows_something_does_not_deny_by_default(rule: str) -> None:
    assert not guards(NAMESPACE % "" + DENY % rule).default_deny


@pytest.mark.parametrize("kinds", ["0", "true", "1.5", "[Egress]", "[]"])
def test_a_policy_that_does_not_say_ingress_denies_nothing_by_default(kinds: str) -> None:
    assert not guards(NAMESPACE % "" + DENY.replace("[Ingress]", kinds) % "").default_deny


def test_a_policy_for_some_pods_is_no_default() -> None:
    text = DENY.replace("podSelector: {}", "podSelector: {matchLabels: {app: x}}") % ""
    assert not guards(NAMESPACE % "" + text).default_deny


@pytest.mark.parametrize(
    ("text", "engine", "enforces"),
    [
        ("apiVersion: kyverno.io/v1\nkind: ClusterPolicy\nspec: {validationFailureAction: Enforce}", "kyverno", True),
        ("apiVersion: kyverno.io/v1\nkind: ClusterPolicy\nspec: {validationFailureAction: Audit}", "kyverno", False),
        (
            "apiVersion: kyverno.io/v1\nkind: ClusterPolicy\nspec: {rules: [{validate: {failureAction: Enforce}}]}",
            "kyverno",
            True,
        ),
        ("apiVersion: constraints.gatekeeper.sh/v1beta1\nkind: K8sRequiredLabels\nspec: {}", "gatekeeper", True),
        (
            "apiVersion: constraints.gatekeeper.sh/v1beta1\nkind: K8sX\nspec: {enforcementAction: dryrun}",
            "gatekeeper",
            False,
        ),
        (
            "apiVersion: admissionregistration.k8s.io/v1\nkind: ValidatingAdmissionPolicyBinding\n"
            "spec: {validationActions: [Deny]}",
            "kubernetes",
            True,
        ),
    ],
)
def test_only_a_policy_that_is_enforced_guards(text: str, engine: str, enforces: bool) -> None:
    found = only(text, AdmissionPolicy)
    assert isinstance(found, AdmissionPolicy)
    assert (found.engine, found.enforces) == (engine, enforces)


ARGO = (
    "apiVersion: argoproj.io/v1alpha1\nkind: Application\nmetadata: {name: mon}\nspec:\n  source:\n"
    "    chart: kube-prometheus-stack\n    helm:\n      values: |\n        defaultRules:\n          create: %s\n"
)


@pytest.mark.parametrize(("create", "on"), [("true", True), ("false", False)])
def test_values_of_a_release_are_read_where_they_stand_as_text(create: str, on: bool) -> None:
    found = only(ARGO % create, ChartRelease)
    assert isinstance(found, ChartRelease)
    assert (found.chart, found.default_rules) == ("kube-prometheus-stack", on)


def test_a_release_without_values_keeps_the_charts_own_rules() -> None:
    text = "apiVersion: helm.cattle.io/v1\nkind: HelmChart\nspec: {chart: prom/kube-prometheus-stack}\n"
    found = only(text, ChartRelease)
    assert isinstance(found, ChartRelease)
    assert (found.chart, found.default_rules) == ("kube-prometheus-stack", True)
