"""Containers of a pod, as far as they can be judged: image, probes, resources, security."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any

from app.formats.images import is_moving, state_of, tag_of
from app.formats.workloads.marking import OPEN
from app.formats.workloads.model import Container
from app.formats.workloads.quantities import quantity, whole
from app.formats.workloads.resource import is_known, readable

FILLED_IN = "is filled in by values that are not known here"
_PLACEHOLDER = re.compile(r"[<>{}]|^[A-Z_]*(IMAGE|PLACEHOLDER|CHANGEME)[A-Z_]*$")
_PAUSE = re.compile(r"(?:^|/)pause(?:-amd64)?(?:[:@]|$)")
_HANDLERS = ("httpGet", "tcpSocket", "grpc", "exec")


def containers_of(pod: Mapping[str, Any], *, served: bool, long_running: bool) -> tuple[Container, ...]:
    """Every container of a pod's spec; an init container that keeps running counts as a regular one.

    `served`: a Service sends requests to the pods. Containers with ports answer them, else the first one does.
    """
    regular = [one for one in _listed(pod, "containers") if isinstance(one, dict)]
    initial = [one for one in _listed(pod, "initContainers") if isinstance(one, dict)]
    sidecars = [one for one in initial if one.get("restartPolicy") == "Always"]
    answering = [one for one in regular if one.get("ports")] or [
        one for one in regular[:1] if served and not _idles(one)
    ]
    made = [_container(one, pod, serving=long_running and one in answering) for one in (*regular, *sidecars)]
    return (*made, *(_container(one, pod, init=True) for one in initial if one not in sidecars))


def _idles(container: Mapping[str, Any]) -> bool:
    """Kubernetes' own image that does nothing: what answers is a sidecar put in on the way, by a mesh say."""
    image = container.get("image")
    return isinstance(image, str) and _PAUSE.search(image) is not None


def _listed(pod: Mapping[str, Any], key: str) -> Sequence[Any]:
    value = pod.get(key)
    return value[:100] if isinstance(value, list) else ()


def _container(
    raw: Mapping[str, Any], pod: Mapping[str, Any], *, init: bool = False, serving: bool = False
) -> Container:
    unknown: dict[str, str] = {}
    image, state = _image(raw.get("image"), unknown)
    return Container(
        name=readable(str(raw.get("name") or "")),
        line=whole(raw.get("line")) or 0,
        init=init,
        serving=serving,
        image=image,
        image_state=state,
        **_probes(raw, unknown),
        **_resources(raw.get("resources"), unknown),
        **_security(raw, pod, unknown),
        **_stop(raw.get("lifecycle")),
        unknown=unknown,
    )


def _image(value: Any, unknown: dict[str, str]) -> tuple[str, str]:
    """The image and how firmly it is named: digest, tag, or moving."""
    image = value if isinstance(value, str) else ""
    digest, tag = image.partition("@")[2], tag_of(image)
    if not image:
        unknown["image_state"] = "it names no image: a patch, or filled in elsewhere"
        return "", "moving"
    if not is_known(image) or _PLACEHOLDER.search(image) or image.endswith(":"):
        if not digest and not (is_known(tag) and not is_moving(tag)):
            unknown["image_state"] = FILLED_IN
        return readable(image), "digest" if digest else "tag"
    return image, state_of(image)


def _probes(raw: Mapping[str, Any], unknown: dict[str, str]) -> dict[str, Any]:
    probes = {name: raw.get(f"{name}Probe") for name in ("readiness", "liveness", "startup")}
    for name, probe in probes.items():
        if isinstance(probe, str) and OPEN in probe:
            unknown[name] = FILLED_IN
    ports = {str(port.get("name")) for port in _listed(raw, "ports") if isinstance(port, dict) and port.get("name")}
    return {
        **{name: _is_probe(probe) for name, probe in probes.items()},
        "probes_differ": _differ(probes["readiness"], probes["liveness"]),
        "probe_problem": next((told for name, one in probes.items() if (told := _wrong_port(name, one, ports))), ""),
    }


def _is_probe(value: Any) -> bool:
    return isinstance(value, dict) and any(value.get(handler) is not None for handler in _HANDLERS)


def _differ(readiness: Any, liveness: Any) -> bool:
    """Whether a slow moment that takes a pod out of service would not restart it at once as well."""
    if not _is_probe(readiness) or not _is_probe(liveness):
        return True
    if any(readiness.get(handler) != liveness.get(handler) for handler in _HANDLERS):
        return True
    return _patience(liveness) > _patience(readiness)


def _patience(probe: Mapping[str, Any]) -> int:
    """Seconds of failing until a probe acts; Kubernetes' defaults are three failures, ten seconds apart."""
    return (whole(probe.get("failureThreshold")) or 3) * (whole(probe.get("periodSeconds")) or 10)


def _wrong_port(name: str, probe: Any, ports: set[str]) -> str:
    """A probe that asks a port by a name which the container does not declare never succeeds."""
    for handler in ("httpGet", "tcpSocket"):
        asked = probe.get(handler) if isinstance(probe, dict) else None
        port = asked.get("port") if isinstance(asked, dict) else None
        if isinstance(port, str) and is_known(port) and whole(port) is None and all(map(is_known, ports)):
            return "" if port in ports else f"the {name} probe asks port “{port}”, which the container does not declare"
    return ""


def _resources(value: Any, unknown: dict[str, str]) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for part, kind in (("requests", "request"), ("limits", "limit")):
        held = value.get(part) if isinstance(value, dict) else value
        for name in ("cpu", "memory"):
            amount = held.get(name) if isinstance(held, dict) else held if isinstance(held, str) else None
            if amount is not None and not is_known(amount):
                unknown[f"{name}_{kind}"] = FILLED_IN
            found[f"{name}_{kind}"] = readable(str(amount)) if amount is not None else ""
    request, limit = quantity(found["memory_request"]), quantity(found["memory_limit"])
    found["memory_equal"] = request is not None and request == limit
    if not {"memory_request", "memory_limit"}.isdisjoint(unknown):
        unknown["memory_equal"] = FILLED_IN
    return found


def _security(raw: Mapping[str, Any], pod: Mapping[str, Any], unknown: dict[str, str]) -> dict[str, Any]:
    own, shared = raw.get("securityContext"), pod.get("securityContext")
    for held in (own, shared):
        written = held.values() if isinstance(held, dict) else (held,)
        if not all(map(is_known, written)):
            unknown.update(dict.fromkeys(("non_root", "escalates", "privileged", "read_only_root"), FILLED_IN))
    own = own if isinstance(own, dict) else {}
    shared = shared if isinstance(shared, dict) else {}
    user = whole(own.get("runAsUser", shared.get("runAsUser")))
    return {
        "non_root": own.get("runAsNonRoot", shared.get("runAsNonRoot")) is True or (user or 0) > 0,
        "privileged": own.get("privileged") is True,
        "escalates": own.get("allowPrivilegeEscalation") is not False,
        "read_only_root": own.get("readOnlyRootFilesystem") is True,
    }


def _stop(lifecycle: Any) -> dict[str, Any]:
    hook = lifecycle.get("preStop") if isinstance(lifecycle, dict) else None
    seconds = whole(hook.get("seconds")) if isinstance(hook, dict) else None
    return {"pre_stop": hook is not None, "pre_stop_seconds": seconds or 0}
