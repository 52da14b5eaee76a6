"""What manifests say: the pieces that a file holds, and the workloads that are made of them.

Pieces (`Part`) are cached by blob. `Workload` is stored; what is matched to it by selector and namespace (autoscaler,
disruption budget, monitor) stands in it, so that a verdict turns when any of their files does.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, ClassVar

from app.formats.model import Object, Part

SEPARATOR = ", "
"""Between environments, where an item is the same for several."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Manifest(Part):
    """One Kubernetes object, trimmed to what is judged (`shapes`); never the values of variables or commands.

    `content` is plain JSON. Text that only a template knows stands between `expressions.OPEN` and `CLOSE`. `guards` are
    the conditions of a template under which the object exists at all.
    """

    kind: ClassVar[str] = "manifest"
    api: str
    """API group, "" for core."""
    object_kind: str
    content: Mapping[str, Any]
    templated: bool = False
    guards: tuple[str, ...] = ()
    generated: bool = False
    """The head of its file says that a tool wrote it and nobody edits it."""
    bundled: bool = False
    """Its file defines kinds of its own, too (CustomResourceDefinition): an operator's makers release it as a whole."""


@dataclass(frozen=True, slots=True, kw_only=True)
class JsonPatch(Part):
    """A JSON 6902 patch in a file of its own: operations `{op, path, value}`."""

    kind: ClassVar[str] = "json_patch"
    operations: tuple[Mapping[str, Any], ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Kustomization(Part):
    """A kustomization.yaml: what it takes in, and what it changes. Lists stand in the order in which they apply."""

    kind: ClassVar[str] = "kustomization"
    component: bool = False
    resources: tuple[str, ...] = ()
    """`resources`, `bases` and `components`, as written."""
    patches: tuple[Mapping[str, Any], ...] = ()
    """`{path, merges, operations, target}`: a file, or what stands inline."""
    namespace: str = ""
    prefix: str = ""
    suffix: str = ""
    labels: Mapping[str, str]
    """Labels put on objects."""
    selectors: Mapping[str, str]
    """Those of them that selectors and pod templates get too."""
    templates: Mapping[str, str]
    """Those of them that pod templates get too."""
    annotations: Mapping[str, str]
    images: tuple[Mapping[str, str], ...] = ()
    replicas: Mapping[str, int]
    hidden: tuple[str, ...] = ()
    """Parts that can't be followed here: `helmCharts`, `generators`, `transformers`, `replacements`."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Chart(Part):
    """A Helm chart's Chart.yaml."""

    kind: ClassVar[str] = "chart"
    name: str
    version: str = ""
    app_version: str = ""
    library: bool = False
    pulled: Mapping[str, str] = field(default_factory=dict)
    """Charts that it depends on and takes from elsewhere, by name → from where."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ChartValues(Part):
    """Values of a chart, without what looks like a secret."""

    kind: ClassVar[str] = "chart_values"
    values: Mapping[str, Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class ImageSetter(Part):
    """A tool that names the version of images when they are deployed; `images` without tag, "*" for a variable.

    `charts`: it does so for values of charts only.
    """

    kind: ClassVar[str] = "image_setter"
    tool: str
    images: tuple[str, ...]
    charts: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Container:
    """One container. Quantities as written, "" where absent. `unknown`: field → why it can't be told.

    `serving`: it answers requests, so it needs probes. `image_state`: digest, tag, moving (latest, a branch, no tag) or
    set: `image_set_by` tells the tool that names its version on the way, and where.
    `probes_differ`: liveness asks something else than readiness, or is laxer. Security settings are the effective ones:
    the pod's under the container's.
    """

    name: str
    line: int
    init: bool = False
    serving: bool = False
    image: str = ""
    image_state: str = "moving"
    image_set_by: str = ""
    readiness: bool = False
    liveness: bool = False
    startup: bool = False
    probes_differ: bool = True
    probe_problem: str = ""
    cpu_request: str = ""
    cpu_limit: str = ""
    memory_request: str = ""
    memory_limit: str = ""
    memory_equal: bool = False
    non_root: bool = False
    privileged: bool = False
    escalates: bool = True
    read_only_root: bool = False
    pre_stop: bool = False
    pre_stop_seconds: int = 0
    unknown: Mapping[str, str]


@dataclass(frozen=True, slots=True, kw_only=True)
class Matched:
    """Another object that was matched to a workload: what it is and where it stands."""

    object_kind: str
    name: str
    path: str
    line: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Workload(Object):
    """A workload as it would run: kustomize and Helm values applied. `unknown`: field → why it can't be told.

    `environment` is the overlay or values file it is rendered for. `replicas_min` is what keeps running: the
    autoscaler's minimum where one targets it, else `spec.replicas` (1 by default).
    `budget_state`: none, protects, blocks (no pod may ever leave) or idle (all of them may).
    `strategy`: rolling, recreate, on_delete, canary, blue_green or "" (jobs). `revisions_kept`: to roll back to.
    `metrics_way`: monitor, annotation, push or "" (nothing collects its metrics).
    """

    kind: ClassVar[str] = "workload"
    object_kind: str
    name: str
    namespace: str = ""
    environment: str = ""
    labels: Mapping[str, str]
    """Of the pod template."""
    object_labels: Mapping[str, str]
    object_annotations: Mapping[str, str]
    replicated: bool
    """Runs all the time in as many copies as one asks for: Deployment, StatefulSet, Rollout."""
    containers: tuple[Container, ...] = ()
    replicas_min: int = 1
    replicas_max: int = 1
    autoscaler: Matched | None = None
    autoscaler_problem: str = ""
    budget: Matched | None = None
    budget_state: str = "none"
    budget_text: str = ""
    monitor: Matched | None = None
    """What has its metrics collected: a monitor, or the object whose annotation does."""
    metrics_way: str = ""
    metrics_by: str = ""
    metrics_problem: str = ""
    revisions_kept: int = 10
    spread_zone: bool = False
    spread_node: bool = False
    spread_problem: str = ""
    strategy: str = ""
    keeps_serving: bool = True
    """A rollout leaves at least one copy running."""
    volume_claims: bool = False
    grace_seconds: int = 30
    analysis: bool = False
    """A Rollout that judges its steps by metrics."""
    bundled: bool = False
    """From a file of an operator's release that no overlay takes in (`Manifest.bundled`)."""
    unknown: Mapping[str, str]
