"""What is kept of each kind of Kubernetes object. Everything else is dropped where it is read.

Variables, arguments and commands may hold secrets and are no part of any verdict: of a command only a digest is kept
(to tell two probes apart) and how long it sleeps.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Callable, Mapping
from typing import Any

from app.formats.prometheus_place import texts
from app.formats.workloads.marking import IF, THEN
from app.lib import documents

Shape = bool | dict[str, Any] | list[Any] | Callable[[Any], Any]
"""True keeps a value whole; a dict keeps those keys; a list holds the shape of each item; a function makes its own."""
_SLEEP = re.compile(r"\bsleep\s+(\d{1,6})\b")
GATEKEEPER = "constraints.gatekeeper.sh"
"""Every kind of this API group is a constraint."""
_MOST_ITEMS = 200
_LONGEST = 1_000
_LARGEST = 20_000
"""Values in one object: no manifest that people write holds more."""


def keep(value: Any, shape: Shape) -> Any:
    """The part of a value that its shape names. What is of another form than the shape stays out, as None."""
    if isinstance(value, str) and shape is not _chart_values:
        return value[:_LONGEST]
    if isinstance(value, dict) and IF in value:
        return {**value, THEN: keep(value.get(THEN), shape)}
    if callable(shape):
        return shape(value)
    if shape is True or not isinstance(value, dict | list):
        return _plain(value, [_LARGEST])
    if isinstance(shape, dict):
        if not isinstance(value, dict):
            return None
        return {key: keep(value[key], inner) for key, inner in shape.items() if value.get(key) is not None}
    if isinstance(shape, list) and isinstance(value, list):
        return [keep(item, shape[0]) for item in value[:_MOST_ITEMS]]
    return None


def _plain(value: Any, budget: list[int]) -> Any:
    budget[0] -= 1
    if budget[0] < 0:
        return None
    if isinstance(value, dict):
        return {str(key): _plain(inner, budget) for key, inner in list(value.items())[:_MOST_ITEMS]}
    if isinstance(value, list):
        return [_plain(inner, budget) for inner in value[:_MOST_ITEMS]]
    return value[:_LONGEST] if isinstance(value, str) else value


_SECRETIVE = frozenset(("env", "envFrom", "args", "command", "data", "stringData"))


def pruned(value: Any) -> Any:
    """Any value without variables, arguments and data: for what no shape describes (the value of a patch)."""
    if isinstance(value, dict):
        return {key: pruned(inner) for key, inner in list(value.items())[:_MOST_ITEMS] if key not in _SECRETIVE}
    if isinstance(value, list):
        return [pruned(inner) for inner in value[:_MOST_ITEMS]]
    return value[:_LONGEST] if isinstance(value, str) else value


def _command(value: Any) -> Any:
    """An `exec` action: a digest of the command, which may hold a password."""
    command = value.get("command") if isinstance(value, dict) else None
    return {"digest": hashlib.sha256(repr(command).encode()).hexdigest()[:16]}


def _pre_stop(value: Any) -> Any:
    """How long a preStop hook waits; other hooks count as 0 seconds."""
    if not isinstance(value, dict):
        return None
    sleep = value.get("sleep")
    if isinstance(sleep, dict):
        return {"seconds": sleep.get("seconds")}
    run = value.get("exec")
    command = run.get("command") if isinstance(run, dict) else None
    text = " ".join(str(part) for part in command) if isinstance(command, list) else ""
    match = _SLEEP.search(text)
    return {"seconds": int(match[1]) if match else 0}


def _present(value: Any) -> Any:
    """That something is set, and nothing of what it says."""
    return {"present": bool(value)}


def _names(value: Any) -> Any:
    """Names of variables without their values."""
    listed = value if isinstance(value, list) else []
    return [str(one.get("name"))[:_LONGEST] for one in listed[:_MOST_ITEMS] if isinstance(one, dict)]


def _count(value: Any) -> Any:
    """How many rules a list holds."""
    return {"rules": len(value) if isinstance(value, list) else 0}


def _chart_values(value: Any) -> Any:
    """Of a release's values those that are judged, also where they stand as text."""
    if isinstance(value, str):
        loaded = [one.value for one in documents.load_all(value, last_wins=True)][:1]
        value = loaded[0] if loaded else {}
    schedule = {"disabled": True, "schedule": True, "paused": True, "template": _BACKUP}
    shape = {"defaultRules": {"create": True}, "schedules": lambda held: _each(held, schedule)}
    return keep(value, shape)


def _each(value: Any, shape: Shape) -> Any:
    held = list(value.items())[:_MOST_ITEMS] if isinstance(value, dict) else []
    return {str(name): keep(inner, shape) for name, inner in held}


def _annotations(value: Any) -> Any:
    return {key: text for key, text in texts(value).items() if len(text) <= _LONGEST}


METADATA: dict[str, Any] = {
    "name": True,
    "generateName": True,
    "namespace": True,
    "labels": texts,
    "annotations": _annotations,
}
_PROBE: dict[str, Any] = {
    "httpGet": {"path": True, "port": True},
    "tcpSocket": {"port": True},
    "grpc": {"port": True},
    "exec": _command,
    "failureThreshold": True,
    "periodSeconds": True,
    "timeoutSeconds": True,
    "initialDelaySeconds": True,
}
_SECURITY: dict[str, Any] = {
    "runAsNonRoot": True,
    "runAsUser": True,
    "privileged": True,
    "allowPrivilegeEscalation": True,
    "readOnlyRootFilesystem": True,
}
CONTAINER: dict[str, Any] = {
    "name": True,
    "image": True,
    "line": True,
    "restartPolicy": True,
    "ports": [{"name": True, "containerPort": True, "protocol": True}],
    "readinessProbe": _PROBE,
    "livenessProbe": _PROBE,
    "startupProbe": _PROBE,
    "resources": {"requests": {"cpu": True, "memory": True}, "limits": {"cpu": True, "memory": True}},
    "securityContext": _SECURITY,
    "lifecycle": {"preStop": _pre_stop},
}
_TERM: dict[str, Any] = {"topologyKey": True, "labelSelector": True}
POD: dict[str, Any] = {
    "containers": [CONTAINER],
    "initContainers": [CONTAINER],
    "securityContext": _SECURITY,
    "terminationGracePeriodSeconds": True,
    "topologySpreadConstraints": [
        {"topologyKey": True, "labelSelector": True, "whenUnsatisfiable": True, "maxSkew": True}
    ],
    "affinity": {
        "podAntiAffinity": {
            "requiredDuringSchedulingIgnoredDuringExecution": [_TERM],
            "preferredDuringSchedulingIgnoredDuringExecution": [{"podAffinityTerm": _TERM}],
        }
    },
    "volumes": [{"name": True, "persistentVolumeClaim": {"claimName": True}}],
    "serviceAccountName": True,
    "hostNetwork": True,
}
TEMPLATE: dict[str, Any] = {"metadata": METADATA, "spec": POD}
_SCALED: dict[str, Any] = {
    "replicas": True,
    "selector": True,
    "minReadySeconds": True,
    "progressDeadlineSeconds": True,
    "revisionHistoryLimit": True,
    "strategy": True,
    "updateStrategy": True,
    "podManagementPolicy": True,
    "volumeClaimTemplates": [{"metadata": {"name": True}}],
    "template": TEMPLATE,
    "workloadRef": {"kind": True, "name": True},
}
_JOB: dict[str, Any] = {"template": TEMPLATE, "backoffLimit": True, "activeDeadlineSeconds": True}
_SCALING: dict[str, Any] = {
    "scaleTargetRef": {"kind": True, "name": True, "apiVersion": True},
    "minReplicas": True,
    "maxReplicas": True,
    "targetCPUUtilizationPercentage": True,
    "metrics": [{"type": True, "resource": {"name": True}, "containerResource": {"name": True}}],
}
_KEDA: dict[str, Any] = {
    "scaleTargetRef": {"kind": True, "name": True},
    "minReplicaCount": True,
    "maxReplicaCount": True,
    "idleReplicaCount": True,
    "triggers": [{"type": True}],
}
_MONITOR: dict[str, Any] = {
    "selector": True,
    "namespaceSelector": True,
    "endpoints": [{"port": True, "targetPort": True, "path": True}],
    "podMetricsEndpoints": [{"port": True, "targetPort": True, "path": True}],
}

_CNPG_CLUSTER: dict[str, Any] = {
    "instances": True,
    "enablePDB": True,
    "imageName": True,
    "backup": {"retentionPolicy": True, "barmanObjectStore": _present, "volumeSnapshot": _present},
    "plugins": [{"name": True, "enabled": True, "isWALArchiver": True, "parameters": {"barmanObjectName": True}}],
    "storage": {"storageClass": True},
    "replica": {"enabled": True},
    "bootstrap": {"recovery": _present},
    "managed": {"services": {"additional": [{"serviceTemplate": {"spec": {"type": True}}}]}},
}
_ZALANDO: dict[str, Any] = {
    "numberOfInstances": True,
    "enableLogicalBackup": True,
    "enableMasterLoadBalancer": True,
    "enableReplicaLoadBalancer": True,
    "postgresql": {"version": True},
    "volume": {"storageClass": True},
    "maintenanceWindows": True,
    "standby": _present,
    "env": _names,
}
_KYVERNO: dict[str, Any] = {"validationFailureAction": True, "rules": [{"validate": {"failureAction": True}}]}
_BACKUP: dict[str, Any] = {"ttl": True, "includedNamespaces": True, "storageLocation": True}
_SOURCE: dict[str, Any] = {
    "chart": True,
    "helm": {"values": _chart_values, "valuesObject": _chart_values},
    "kustomize": {"images": True},
}


def _object(spec: Shape) -> dict[str, Any]:
    return {"metadata": METADATA, "spec": spec}


SHAPES: Mapping[tuple[str, str], dict[str, Any]] = {
    **{("apps", kind): _object(_SCALED) for kind in ("Deployment", "StatefulSet", "DaemonSet")},
    ("argoproj.io", "Rollout"): _object(_SCALED),
    ("batch", "Job"): _object(_JOB),
    ("batch", "CronJob"): _object({"schedule": True, "suspend": True, "jobTemplate": {"spec": _JOB}}),
    ("autoscaling", "HorizontalPodAutoscaler"): _object(_SCALING),
    ("keda.sh", "ScaledObject"): _object(_KEDA),
    ("policy", "PodDisruptionBudget"): _object({"selector": True, "minAvailable": True, "maxUnavailable": True}),
    ("", "Service"): _object(
        {"selector": texts, "type": True, "ports": [{"name": True, "port": True, "targetPort": True}]}
    ),
    ("postgresql.cnpg.io", "Cluster"): _object(_CNPG_CLUSTER),
    ("postgresql.cnpg.io", "ScheduledBackup"): _object(
        {"cluster": {"name": True}, "schedule": True, "suspend": True, "method": True}
    ),
    ("barmancloud.cnpg.io", "ObjectStore"): _object({"retentionPolicy": True}),
    ("acid.zalan.do", "postgresql"): _object(_ZALANDO),
    ("velero.io", "Schedule"): _object({"schedule": True, "paused": True, "template": _BACKUP}),
    ("velero.io", "BackupStorageLocation"): _object({"provider": True, "default": True, "accessMode": True}),
    ("", "Namespace"): _object({}),
    ("", "ResourceQuota"): _object({"hard": _present}),
    ("", "LimitRange"): _object({"limits": _count}),
    ("networking.k8s.io", "NetworkPolicy"): _object(
        {"podSelector": True, "policyTypes": True, "ingress": _count, "egress": _count}
    ),
    **{("kyverno.io", kind): _object(_KYVERNO) for kind in ("ClusterPolicy", "Policy")},
    (GATEKEEPER, "Constraint"): _object({"enforcementAction": True}),
    ("admissionregistration.k8s.io", "ValidatingAdmissionPolicyBinding"): _object({"validationActions": True}),
    ("helm.toolkit.fluxcd.io", "HelmRelease"): _object(
        {"chart": {"spec": {"chart": True}}, "values": _chart_values, "releaseName": True}
    ),
    ("kustomize.toolkit.fluxcd.io", "Kustomization"): _object(
        {"images": [{"name": True, "newTag": True, "digest": True}]}
    ),
    ("helm.cattle.io", "HelmChart"): _object({"chart": True, "valuesContent": _chart_values}),
    ("argoproj.io", "Application"): _object({"source": _SOURCE, "sources": [_SOURCE]}),
    ("networking.istio.io", "DestinationRule"): _object(
        {"host": True, "trafficPolicy": {"outlierDetection": _present, "connectionPool": _present}}
    ),
    ("networking.istio.io", "VirtualService"): _object(
        {"hosts": True, "http": [{"timeout": True, "retries": _present}]}
    ),
    ("networking.k8s.io", "Ingress"): _object({"rules": [{"host": True}]}),
    **{("monitoring.coreos.com", kind): _object(_MONITOR) for kind in ("ServiceMonitor", "PodMonitor")},
    **{("operator.victoriametrics.com", kind): _object(_MONITOR) for kind in ("VMServiceScrape", "VMPodScrape")},
    **{("monitoring.googleapis.com", kind): _object(_MONITOR) for kind in ("PodMonitoring", "ClusterPodMonitoring")},
}
"""(API group, kind) → what is kept of such an object."""
