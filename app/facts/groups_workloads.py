"""The facts about what runs a service: Kubernetes workloads and their containers, as files declare them."""

from __future__ import annotations

from app.facts.groups_common import place, unreadable
from app.facts.schema import Fact, Field, Group

OBJECT = {
    "name": Field("string", "Name of the workload"),
    "kind": Field("string", "Deployment, StatefulSet, DaemonSet, Rollout, Job or CronJob"),
    "namespace": Field("string", "Namespace, or empty where none is written"),
    "environment": Field("string", "Overlays or values files it is rendered for, or empty"),
    "replicated": Field("bool", "Runs all the time in as many copies as one asks for"),
    "serving": Field("bool", "One of its containers answers requests"),
    "replicas_min": Field("int", "Copies that keep running: the autoscaler's minimum, else spec.replicas", "pods"),
    "replicas_max": Field("int", "Copies at most", "pods"),
    "autoscaler": Field("string", "Name of the autoscaler that targets it, or empty"),
    "autoscaler_problem": Field("string", "Why the autoscaler does not do its work, or empty"),
    "budget.state": Field("string", "Disruption budget: none, protects, blocks (no pod may leave) or idle (all may)"),
    "budget.text": Field("string", "What the budget says, such as maxUnavailable: 1, or empty"),
    "budget.path": Field("string", "File of the budget, or empty"),
    "budget.line": Field("int", "Line of the budget, or 0"),
    "spread_zone": Field("bool", "Copies are kept apart by zone"),
    "spread_node": Field("bool", "Copies are kept apart by node (or by zone)"),
    "spread_problem": Field("string", "Why a rule that is there keeps nothing apart, or empty"),
    "strategy": Field("string", "rolling, recreate, on_delete, canary, blue_green, or empty (jobs)"),
    "keeps_serving": Field("bool", "A rollout leaves at least one copy running"),
    "analysis": Field("bool", "The rollout is judged by metrics while it goes on"),
    "volume_claims": Field("bool", "It mounts persistent volume claims"),
    "grace_seconds": Field("int", "Time a pod has to end", "seconds"),
    "pre_stop": Field("bool", "A serving container waits in a preStop hook"),
    "pre_stop_seconds": Field("int", "Longest such wait that is written", "seconds"),
    "rollout_problem": Field("string", "Why a new version can't replace the old one without a gap, or empty"),
    "revisions_kept": Field("int", "Earlier versions that are kept to roll back to", "versions"),
    "scraped": Field("bool", "Its metrics are collected, in whichever way"),
    "metrics.way": Field(
        "string",
        "How its metrics are collected: monitor (ServiceMonitor, PodMonitor or their like), annotation, push"
        " (OpenTelemetry), or empty",
    ),
    "metrics.by": Field("string", "Kind and name of the monitor, or the annotation or variable that says so, or empty"),
    "metrics.problem": Field("string", "Why a monitor that is there collects nothing, or empty"),
    "metrics.path": Field("string", "File of the monitor, or empty"),
    "metrics.line": Field("int", "Line of the monitor, or 0"),
    "ignored": Field("string", "Why it never counts, or empty"),
    **place(),
}

CONTAINER = {
    "name": Field("string", "Workload and container, such as orders/app"),
    "kind": Field("string", "Kind of the workload"),
    "environment": Field("string", "Overlays or values files it is rendered for, or empty", rule=False),
    "replicated": Field("bool", "The workload runs all the time in as many copies as one asks for"),
    "init": Field("bool", "It only prepares the pod"),
    "serving": Field("bool", "It answers requests"),
    "image": Field("string", "Image as it would be pulled"),
    "image_state": Field(
        "string", "digest, tag, set (a tool names it when it deploys) or moving (latest, a branch, none)"
    ),
    "image_set_by": Field("string", "That tool and where it does so, or empty", rule=False),
    "readiness": Field("bool", "Has a readiness probe"),
    "liveness": Field("bool", "Has a liveness probe"),
    "startup": Field("bool", "Has a startup probe"),
    "probes_differ": Field("bool", "Liveness asks something else than readiness, or is more patient"),
    "probe_problem": Field("string", "Why a probe can't work, or empty"),
    "cpu_request": Field("string", "CPU request as written, or empty"),
    "cpu_limit": Field("string", "CPU limit as written, or empty"),
    "memory_request": Field("string", "Memory request as written, or empty"),
    "memory_limit": Field("string", "Memory limit as written, or empty"),
    "memory_equal": Field("bool", "Memory request and limit are the same"),
    "non_root": Field("bool", "Must run as another user than root"),
    "privileged": Field("bool", "Runs privileged"),
    "escalates": Field("bool", "May gain more privileges than its parent"),
    "read_only_root": Field("bool", "Its root filesystem is read-only"),
    "ignored": Field("string", "Why it never counts, or empty"),
    **place(),
}

IMAGE = {
    "name": Field(
        "string", "Workload and container, such as orders/app; of a build its file, and its stage if it has a name"
    ),
    "origin": Field("string", "container, or build (a Dockerfile begins with it or copies from it)"),
    "environment": Field("string", "Overlays or values files it is rendered for, or empty", rule=False),
    "image": Field("string", "Image as it would be pulled"),
    "image_state": Field(
        "string", "digest, tag, set (a tool names it when it deploys) or moving (latest, a branch, none)"
    ),
    "image_set_by": Field("string", "That tool and where it does so, or empty", rule=False),
    "ignored": Field("string", "Why it never counts, or empty"),
    **place(),
}

WORKLOADS = Group(
    "workloads",
    3,
    "What runs the entity, as Kubernetes manifests, overlays and charts declare it.",
    {
        "manifests": Fact("items", "Workloads, each as its manifests, overlays and values have it run.", fields=OBJECT),
        "containers": Fact("items", "Their containers.", fields=CONTAINER),
        "images": Fact("items", "Images of these containers, and images that Dockerfiles build on.", fields=IMAGE),
        "load_tested_at": Fact("timestamp", "Latest load test on record; 1970 where there is none"),
        "unreadable": unreadable("workloads"),
    },
)
