"""What single manifests say of a workload, and what is matched to it by selector and namespace."""

from __future__ import annotations

import json

import pytest
from workload_files import deployment, untold, workload, workloads

from app.facts import codec
from app.formats import reading
from app.formats.workloads.model import Manifest, Workload


def budget(bound: str, *, namespace: str = "shop", app: str = "shop", version: str = "v1") -> str:
    return (
        f"---\napiVersion: policy/{version}\nkind: PodDisruptionBudget\nmetadata: {{name: b, namespace: {namespace}}}\n"
        f"spec: {{{bound}, selector: {{matchLabels: {{app: {app}}}}}}}\n"
    )


def autoscaler(spec: str, *, target: str = "shop") -> str:
    return (
        "---\napiVersion: autoscaling/v2\nkind: HorizontalPodAutoscaler\nmetadata: {name: shop, namespace: shop}\n"
        f"spec: {{scaleTargetRef: {{kind: Deployment, name: {target}}}, {spec}}}\n"
    )


def test_a_deployment_without_anything_has_kubernetes_defaults() -> None:
    found = workload(deployment())

    assert (found.object_kind, found.name, found.namespace, found.replicated) == ("Deployment", "shop", "shop", True)
    assert (found.replicas_min, found.replicas_max, found.autoscaler) == (1, 1, None)
    assert (found.budget_state, found.spread_zone, found.spread_node) == ("none", False, False)
    assert (found.strategy, found.keeps_serving, found.grace_seconds) == ("rolling", True, 30)
    assert found.labels == {"app": "shop"}
    assert found.unknown == {}


@pytest.mark.parametrize(("kind", "replicated"), [("StatefulSet", True), ("DaemonSet", False), ("Deployment", True)])
def test_only_what_runs_in_copies_is_replicated(kind: str, replicated: bool) -> None:
    assert workload(deployment(kind=kind)).replicated is replicated


def test_an_autoscaler_sets_how_many_keep_running() -> None:
    found = workload(deployment() + autoscaler("minReplicas: 3, maxReplicas: 9"))

    assert (found.replicas_min, found.replicas_max, found.autoscaler_problem) == (3, 9, "")
    assert found.autoscaler is not None
    assert (found.autoscaler.object_kind, found.autoscaler.line) == ("HorizontalPodAutoscaler", 14)


def test_an_autoscaler_of_something_else_says_nothing() -> None:
    assert workload(deployment() + autoscaler("minReplicas: 3, maxReplicas: 9", target="cart")).replicas_min == 1


@pytest.mark.parametrize(
    ("spec", "more", "problem"),
    [
        ("minReplicas: 3, maxReplicas: 3", "", "it can't scale: at least 3 and at most 3"),
        (
            "maxReplicas: 5, targetCPUUtilizationPercentage: 80",
            "",
            "it scales by CPU, which a container does not request",
        ),
        ("maxReplicas: 5", "replicas: 2", "spec.replicas is set too, and resets the count with every deployment"),
        (
            "maxReplicas: 5, metrics: [{type: Resource, resource: {name: cpu}}]",
            "",
            "it scales by CPU, which a container does not request",
        ),
        ("maxReplicas: 5, metrics: [{type: Pods}]", "", ""),
    ],
)
def test_an_autoscaler_that_can_not_do_its_work_says_why(spec: str, more: str, problem: str) -> None:
    assert workload(deployment(spec=more) + autoscaler(spec)).autoscaler_problem == problem


def test_keda_may_go_down_to_none() -> None:
    keda = (
        "---\napiVersion: keda.sh/v1alpha1\nkind: ScaledObject\nmetadata: {name: s, namespace: shop}\n"
        "spec: {scaleTargetRef: {name: shop}, triggers: [{type: kafka}]}\n"
    )
    found = workload(deployment() + keda)
    assert (found.replicas_min, found.replicas_max, found.autoscaler_problem) == (0, 100, "")


@pytest.mark.parametrize(
    ("bound", "replicas", "state"),
    [
        ("maxUnavailable: 1", 3, "protects"),
        ("maxUnavailable: 25%", 3, "protects"),
        ("maxUnavailable: 0", 3, "blocks"),
        ("maxUnavailable: 0%", 3, "blocks"),
        ("maxUnavailable: 100%", 3, "idle"),
        ("maxUnavailable: 3", 3, "idle"),
        ("minAvailable: 2", 3, "protects"),
        ("minAvailable: 3", 3, "blocks"),
        ("minAvailable: 60%", 2, "blocks"),  # rounds up to both
        ("minAvailable: 50%", 2, "protects"),
        ("minAvailable: 0", 3, "idle"),
        ("minAvailable: 100%", 3, "blocks"),
    ],
)
def test_a_budget_protects_only_when_some_but_not_all_may_leave(bound: str, replicas: int, state: str) -> None:
    found = workload(deployment(spec=f"replicas: {replicas}") + budget(bound))

    assert (found.budget_state, found.budget_text) == (state, bound)


def test_a_budget_is_compared_with_the_autoscalers_minimum() -> None:
    scaled = deployment() + autoscaler("minReplicas: 2, maxReplicas: 9")
    assert workload(scaled + budget("minAvailable: 2")).budget_state == "blocks"


def test_of_two_budgets_the_one_that_blocks_is_told() -> None:
    both = deployment(spec="replicas: 3") + budget("maxUnavailable: 1") + budget("maxUnavailable: 0")
    assert workload(both).budget_state == "blocks"


@pytest.mark.parametrize("other", [{"namespace": "cart"}, {"app": "cart"}])
def test_a_budget_of_another_namespace_or_other_pods_is_none(other: dict[str, str]) -> None:
    assert workload(deployment(spec="replicas: 3") + budget("maxUnavailable: 1", **other)).budget_state == "none"


def test_a_budget_of_the_old_api_counts_and_may_stand_in_another_file() -> None:
    found = workload(
        {"a/deploy.yaml": deployment(spec="replicas: 3"), "b/pdb.yaml": budget("maxUnavailable: 1", version="v1beta1")}
    )
    assert found.budget is not None
    assert (found.budget_state, found.budget.path, found.budget.line) == ("protects", "b/pdb.yaml", 2)


def test_a_selector_with_expressions_is_followed() -> None:
    expression = "selector: {matchExpressions: [{key: app, operator: In, values: [shop, cart]}]}"
    text = "---\napiVersion: policy/v1\nkind: PodDisruptionBudget\nmetadata: {name: b}\n"
    text += f"spec: {{maxUnavailable: 1, {expression}}}\n"
    assert workload(deployment(spec="replicas: 2") + text).budget_state == "protects"
    assert workload(deployment(spec="replicas: 2") + text.replace("In,", "NotIn,")).budget_state == "none"


ZONE = "topologyKey: topology.kubernetes.io/zone"
NODE = "topologyKey: kubernetes.io/hostname"
SHOP = "labelSelector: {matchLabels: {app: shop}}"


@pytest.mark.parametrize(
    ("pod", "zone", "node", "problem"),
    [
        (f"topologySpreadConstraints: [{{{ZONE}, {SHOP}}}]", True, True, ""),
        (f"topologySpreadConstraints: [{{{NODE}, {SHOP}}}]", False, True, ""),
        (
            f"affinity: {{podAntiAffinity: {{requiredDuringSchedulingIgnoredDuringExecution: [{{{NODE}, {SHOP}}}]}}}}",
            False,
            True,
            "",
        ),
        (
            "affinity: {podAntiAffinity: {preferredDuringSchedulingIgnoredDuringExecution: "
            f"[{{weight: 1, podAffinityTerm: {{{ZONE}, {SHOP}}}}}]}}}}",
            True,
            True,
            "",
        ),
        (f"topologySpreadConstraints: [{{{ZONE}}}]", False, False, "a rule without a label selector counts no pods"),
        (
            f"topologySpreadConstraints: [{{{ZONE}, labelSelector: {{matchLabels: {{app: cart}}}}}}]",
            False,
            False,
            "a rule's label selector does not match the pods",
        ),
        ("nodeSelector: {pool: web}", False, False, ""),
    ],
)
def test_copies_are_apart_only_by_rules_that_pick_their_own_pods(
    pod: str, zone: bool, node: bool, problem: str
) -> None:
    found = workload(deployment(pod=pod))
    assert (found.spread_zone, found.spread_node, found.spread_problem) == (zone, node, problem)


@pytest.mark.parametrize(
    ("kind", "spec", "strategy", "keeps"),
    [
        ("Deployment", "strategy: {type: Recreate}", "recreate", False),
        ("Deployment", "strategy: {rollingUpdate: {maxUnavailable: 0}}", "rolling", True),
        ("Deployment", "strategy: {rollingUpdate: {maxUnavailable: 100%}}", "rolling", False),
        ("Deployment", "replicas: 2\nstrategy: {rollingUpdate: {maxUnavailable: 2}}", "rolling", False),
        ("Deployment", "replicas: 4\nstrategy: {rollingUpdate: {maxUnavailable: 2}}", "rolling", True),
        ("StatefulSet", "updateStrategy: {type: OnDelete}", "on_delete", True),
        ("StatefulSet", "", "rolling", True),
    ],
)
def test_a_rollout_keeps_serving_or_not(kind: str, spec: str, strategy: str, keeps: bool) -> None:
    found = workload(deployment(kind=kind, spec=spec))
    assert (found.strategy, found.keeps_serving) == (strategy, keeps)


def test_an_argo_rollout_takes_the_pods_of_the_deployment_it_refers_to() -> None:
    rollout = """---
apiVersion: argoproj.io/v1alpha1
kind: Rollout
metadata: {name: shop-rollout, namespace: shop}
spec:
  replicas: 4
  workloadRef: {apiVersion: apps/v1, kind: Deployment, name: shop}
  strategy: {canary: {steps: [{setWeight: 20}, {analysis: {templates: [{templateName: errors}]}}]}}
"""
    found = workload(deployment() + rollout, "shop-rollout")
    assert (found.replicas_min, found.strategy, found.analysis) == (4, "canary", True)
    assert [container.name for container in found.containers] == ["app"]


PROBES = "readinessProbe: {httpGet: {path: /ready, port: http}}\n"


@pytest.mark.parametrize(
    ("container", "expected"),
    [
        ("", (False, False, True, "")),
        (PROBES + "livenessProbe: {httpGet: {path: /live, port: http}}", (True, True, True, "")),
        (PROBES + "livenessProbe: {httpGet: {path: /ready, port: http}}", (True, True, False, "")),
        (PROBES + "livenessProbe: {failureThreshold: 9, httpGet: {path: /ready, port: http}}", (True, True, True, "")),
        (
            "readinessProbe: {tcpSocket: {port: web}}",
            (True, False, True, "the readiness probe asks port “web”, which the container does not declare"),
        ),
        ("readinessProbe: {tcpSocket: {port: 8080}}", (True, False, True, "")),
        ("readinessProbe: {initialDelaySeconds: 3}", (False, False, True, "")),
        ("readinessProbe: {exec: {command: [a]}}\nlivenessProbe: {exec: {command: [a]}}", (True, True, False, "")),
        ("readinessProbe: {exec: {command: [a]}}\nlivenessProbe: {exec: {command: [b]}}", (True, True, True, "")),
    ],
)
def test_probes_are_judged_as_kubernetes_would_act_on_them(container: str, expected: tuple[object, ...]) -> None:
    (found,) = workload(deployment(container=container)).containers
    assert (found.readiness, found.liveness, found.probes_differ, found.probe_problem) == expected


@pytest.mark.parametrize(
    ("image", "state"),
    [
        ("shop", "moving"),
        ("shop:latest", "moving"),
        ("registry:5000/shop", "moving"),
        ("registry:5000/shop:1.2", "tag"),
        ("shop:main", "moving"),
        (f"shop@sha256:{'a' * 64}", "digest"),
        (f"shop:1.2@sha256:{'a' * 64}", "digest"),
    ],
)
def test_an_image_is_pinned_or_moving(image: str, state: str) -> None:
    (found,) = workload(deployment().replace("shop:1.0", image)).containers
    assert (found.image_state, found.unknown) == (state, {})


@pytest.mark.parametrize("image", ["shop:${TAG}", "$(IMAGE)", "IMAGE_PLACEHOLDER", "<image>"])
def test_an_image_that_a_pipeline_fills_in_is_unknown(image: str) -> None:
    (found,) = workload(deployment().replace("shop:1.0", f'"{image}"')).containers
    assert "image_state" in found.unknown


def test_quantities_are_compared_by_value() -> None:
    resources = "resources: {requests: {cpu: 1, memory: 1Gi}, limits: {memory: 1024Mi}}"
    (found,) = workload(deployment(container=resources)).containers
    assert (found.cpu_request, found.memory_request, found.memory_limit) == ("1", "1Gi", "1024Mi")
    assert found.memory_equal


def test_a_container_inherits_the_pods_security_settings() -> None:
    pod = "securityContext: {runAsNonRoot: true}"
    (found,) = workload(deployment(pod=pod, container="securityContext: {allowPrivilegeEscalation: false}")).containers
    assert (found.non_root, found.escalates, found.privileged) == (True, False, False)
    (root,) = workload(deployment(pod=pod, container="securityContext: {runAsNonRoot: false}")).containers
    assert not root.non_root


def test_a_worker_without_ports_or_service_serves_nobody() -> None:
    bare = deployment().replace("          ports: [{name: http, containerPort: 80}]\n", "")
    (worker,) = workload(bare).containers
    service = (
        "---\napiVersion: v1\nkind: Service\nmetadata: {name: s, namespace: shop}\nspec: {selector: {app: shop}}\n"
    )
    (served,) = workload(bare + service).containers
    (idle,) = workload(bare.replace("shop:1.0", "registry.k8s.io/pause:3.9") + service).containers
    assert (worker.serving, served.serving, idle.serving) == (False, True, False)


def test_init_containers_only_prepare_and_sidecars_run() -> None:
    pod = "initContainers: [{name: migrate, image: m:1}, {name: proxy, image: p:1, restartPolicy: Always}]"
    found = workload(deployment(pod=pod)).containers
    assert [(one.name, one.init) for one in found] == [("app", False), ("proxy", False), ("migrate", True)]


def test_a_monitor_reaches_pods_through_their_service() -> None:
    service = (
        "---\napiVersion: v1\nkind: Service\nmetadata: {name: shop, namespace: shop, labels: {app: shop}}\n"
        "spec: {selector: {app: shop}}\n"
    )
    monitor = (
        "---\napiVersion: monitoring.coreos.com/v1\nkind: ServiceMonitor\nmetadata: {name: m, namespace: monitoring}\n"
        "spec: {selector: {matchLabels: {app: shop}}, namespaceSelector: {matchNames: [shop]}}\n"
    )
    assert workload(deployment() + service + monitor).monitor is not None
    assert workload(deployment() + service + monitor.replace("[shop]", "[cart]")).monitor is None
    assert workload(deployment() + monitor).monitor is None


def test_a_cron_job_is_read_through_its_job_template() -> None:
    job = (
        "apiVersion: batch/v1\nkind: CronJob\nmetadata: {name: shop}\nspec:\n  schedule: '0 1 * * *'\n"
        "  jobTemplate: {spec: {template: {spec: {containers: [{name: run, image: x:1}]}}}}\n"
    )
    found = workload(job)
    assert (found.replicated, found.replicas_min, found.strategy) == (False, 0, "")
    assert [(one.name, one.serving) for one in found.containers] == [("run", False)]


def test_a_list_holds_workloads_with_their_own_lines() -> None:
    items = deployment().replace("\n", "\n    ").rstrip()
    found = workload(f"apiVersion: v1\nkind: List\nitems:\n  - {items}\n")
    assert (found.name, found.line, found.containers[0].line) == ("shop", 4, 13)


def test_secrets_in_variables_commands_and_probes_are_never_kept() -> None:
    secret = "hunter2-very-secret"
    container = (
        f"env: [{{name: PASSWORD, value: {secret}}}]\nargs: [--password={secret}]\n"
        f"livenessProbe: {{exec: {{command: [check, {secret}]}}}}\n"
        f"lifecycle: {{preStop: {{exec: {{command: [sh, -c, 'sleep 7; bye {secret}']}}}}}}"
    )
    text = deployment(container=container)
    (part,) = reading.read("deploy.yaml", text.encode()).objects
    assert isinstance(part, Manifest)
    assert secret not in json.dumps(codec.encode(part))
    (found,) = workload(text).containers
    assert (found.liveness, found.pre_stop_seconds) == (True, 7)


@pytest.mark.parametrize(
    "chart",
    [
        "chart: {spec: {chart: podinfo, sourceRef: {kind: HelmRepository, name: x}}}",
        "chartRef: {kind: OCIRepository, name: podinfo}",
    ],
)
def test_a_release_of_a_chart_that_is_elsewhere_is_told(chart: str) -> None:
    release = f"apiVersion: helm.toolkit.fluxcd.io/v2\nkind: HelmRelease\nmetadata: {{name: shop}}\nspec: {{{chart}}}\n"
    parsed = reading.read("release.yaml", release.encode())
    assert [(one.group, one.reason) for one in parsed.unreadable] == [
        ("workloads", "it is rendered from the chart podinfo, which is not here")
    ]


def test_the_same_workload_for_a_lesser_stage_does_not_count() -> None:
    found = workloads({f"deploy/{stage}/app.yaml": deployment() for stage in ("dev", "prod")})
    assert [(one.ignored, one.line) for one in found] == [("is for another stage; deploy/prod is judged", 1), ("", 1)]
    alone = workloads({"deploy/dev/app.yaml": deployment()})
    assert [one.ignored for one in alone] == [""]


def test_a_budget_among_test_data_protects_nothing() -> None:
    found = workload({"deploy.yaml": deployment(spec="replicas: 3"), "testdata/b.yaml": budget("maxUnavailable: 1")})
    assert found.budget_state == "none"


def test_a_workload_survives_the_store() -> None:
    found = workload(deployment() + budget("maxUnavailable: 1"))
    assert codec.decode(Workload, json.loads(json.dumps(codec.encode(found)))) == found
    assert untold({"deploy.yaml": deployment()}) == []


@pytest.mark.parametrize("image", [":", "registry.acme.example/shop:"])
def test_an_image_whose_name_or_tag_is_filled_in_on_the_way_is_not_called_moving(image: str) -> None:
    (one,) = workload(deployment().replace("shop:1.0", f"'{image}'")).containers
    assert "image_state" in one.unknown


@pytest.mark.parametrize(
    ("api", "kind", "what"),
    [
        ("nais.io/v1alpha1", "Application", "a NAIS Application"),
        ("serving.knative.dev/v1", "Service", "a Knative Service"),
        ("apps.openshift.io/v1", "DeploymentConfig", "an OpenShift DeploymentConfig"),
    ],
)
def test_what_a_platform_makes_workloads_of_is_there_but_unreadable(api: str, kind: str, what: str) -> None:
    text = f"apiVersion: {api}\nkind: {kind}\nmetadata: {{name: shop}}\nspec:\n  image: {{{{ image }}}}\n"
    (place,) = reading.read(".nais/app.yaml", text.encode()).unreadable
    assert (place.group, place.line) == ("workloads", 1)
    assert place.reason == f"it is {what}, of which its platform makes the workload"
