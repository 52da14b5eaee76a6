"""What OpenSLO demands of an SLO beyond its targets and queries: exactly-one rules, windows, time slices, operators."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from app.formats.model import Finding
from app.formats.openslo_indicators import INDICATORS, is_threshold
from app.formats.slo_common import finding, holds_template, mapping, sequence, short, text
from app.formats.templates import TOKEN
from app.slo import window as windows
from app.slo.objective import number_of

METHODS = {
    "openslo/v1alpha": ("Occurrences", "Timeslices"),
    "openslo/v1": ("Occurrences", "Timeslices", "RatioTimeslices"),
    "openslo.com/v2alpha": ("Occurrences", "Timeslices", "RatioTimeslices"),
}
OPERATORS = ("lte", "gte", "lt", "gt")
_LONGEST_DESCRIPTION = 1050
_LEAST_SECONDS = 3600


@dataclass(frozen=True, slots=True)
class Window:
    """An SLO's one time window; all empty when it has none. `written` keeps what only a template knows."""

    text: str = ""
    seconds: int = 0
    calendar: bool = False
    problem: Finding | None = None
    written: str = ""


def of_slo(version: str, spec: Mapping[str, Any]) -> Iterator[Finding]:
    """What is wrong with the SLO as a whole."""
    if not text(spec, "service"):
        yield finding(spec, "service", "slo-service", "spec.service is needed")
    method = text(spec, "budgetingMethod")
    if method not in METHODS[version] and not holds_template(method):
        message = f"budgetingMethod “{short(method)}” must be one of {', '.join(METHODS[version])}"
        yield finding(spec, "budgetingMethod", "slo-budgeting-method", message)
    if len(text(spec, "description")) > _LONGEST_DESCRIPTION:
        yield finding(spec, "description", "slo-description", f"is longer than {_LONGEST_DESCRIPTION} characters")
    yield from _indicators(spec)


def _indicators(spec: Mapping[str, Any]) -> Iterator[Finding]:
    """The indicator is said once: for the SLO, or for every objective (a composite SLO)."""
    above = [key for key in INDICATORS if spec.get(key)]
    items = [item for item in sequence(spec, "objectives") if isinstance(item, dict)]
    bare = [item for item in items if not any(item.get(key) for key in (*INDICATORS, "ratioMetrics"))]
    if len(above) > 1:
        yield finding(spec, above[1], "sli-kind", f"say {above[0]} or {above[1]}, not both")
    elif above and len(bare) < len(items):
        message = "say the indicator once: here, or in every objective"
        yield finding(spec, above[0], "sli-kind", message)
    elif not above and not items:
        yield finding(spec, None, "sli-kind", "an SLO needs an indicator, or a reference to one")
    elif not above:
        for item in bare:
            yield finding(item, None, "sli-kind", "neither the SLO nor this objective has an indicator")


def window(version: str, spec: Mapping[str, Any]) -> Window:
    """The one item of `timeWindow` (v1, v2alpha) or `timeWindows` (v1alpha). No window at all is allowed."""
    key = "timeWindows" if version == "openslo/v1alpha" or "timeWindow" not in spec else "timeWindow"
    listed = spec.get(key)
    if listed is None:
        return Window()
    if holds_template(listed):
        return Window(written=TOKEN)
    if not isinstance(listed, list) or len(listed) != 1 or not isinstance(listed[0], dict):
        return Window(problem=finding(spec, key, "window-invalid", f"{key} must be a list of exactly one window"))
    return _window(version, listed[0])


def _window(version: str, node: Mapping[str, Any]) -> Window:
    calendar = node.get("calendar")
    aligned = bool(calendar) and node.get("isRolling") is not True
    key = "duration" if "duration" in node else "count"
    try:
        if key == "duration":
            months = version != "openslo.com/v2alpha"
            written, seconds = windows.openslo(text(node, "duration"), months=months)
        else:
            written, seconds = windows.unit_and_count(text(node, "unit"), node.get("count"))
    except ValueError as error:
        return Window(calendar=aligned, problem=finding(node, key, "window-invalid", str(error)))
    return Window(written, seconds, aligned, _window_problem(node, key, seconds))


def _window_problem(node: Mapping[str, Any], key: str, seconds: int) -> Finding | None:
    rolling, calendar = node.get("isRolling"), node.get("calendar")
    duration = text(node, "duration")
    if duration.endswith("m") and seconds < _LEAST_SECONDS:
        message = f"{short(duration)} is in minutes; write {short(duration[:-1])}M if months were meant"
        return finding(node, key, "window-unit", message)
    if calendar and rolling is True:
        return finding(node, "calendar", "window-calendar", "a rolling window has no calendar")
    if not calendar and rolling is False:
        return finding(node, "isRolling", "window-calendar", "a window that does not roll needs a calendar")
    if not calendar:
        return None
    try:
        windows.calendar_start(text(calendar, "startTime"))
    except ValueError as error:
        return finding(calendar, "startTime", "window-calendar", str(error))
    if not text(calendar, "timeZone"):
        return finding(calendar, "timeZone", "window-calendar", "a calendar needs a timeZone such as Europe/Berlin")
    return None


def of_objective(version: str, item: Mapping[str, Any], spec: Mapping[str, Any], several: bool) -> Iterator[Finding]:
    """What is wrong with one objective, its target and query apart."""
    yield from _time_slices(version, item, text(spec, "budgetingMethod"))
    operator = text(item, "op")
    if operator and operator not in OPERATORS and not holds_template(operator):
        message = f"op “{short(operator)}” must be one of {', '.join(OPERATORS)}"
        yield finding(item, "op", "objective-operator", message)
    if is_threshold(item, spec):
        for key in ("op", "value"):
            if item.get(key) is None:
                yield finding(item, None, "objective-threshold", f"a threshold indicator needs {key}")
        if several and version == "openslo/v1" and mapping(spec, "indicator"):
            yield finding(item, None, "objective-threshold", "a threshold indicator takes one objective only")
    weight = item.get("compositeWeight")
    if weight is not None and not holds_template(weight) and not (number_of(weight) or 0) > 0:
        yield finding(item, "compositeWeight", "objective-weight", "compositeWeight must be a number above 0")


def _time_slices(version: str, item: Mapping[str, Any], method: str) -> Iterator[Finding]:
    target, slice_window = item.get("timeSliceTarget"), item.get("timeSliceWindow")
    if method == "Timeslices" and target is None:
        yield finding(item, None, "objective-time-slice", "Timeslices need a timeSliceTarget")
    if target is not None and not holds_template(target) and not 0 < (number_of(target) or 0) <= 1:
        yield finding(item, "timeSliceTarget", "objective-time-slice", "timeSliceTarget must be above 0 and at most 1")
    if version == "openslo/v1alpha":
        return
    if method.endswith("imeslices") and slice_window is None:
        yield finding(item, None, "objective-time-slice", f"{method} need a timeSliceWindow")
    elif slice_window is not None and not holds_template(slice_window) and not _is_slice(slice_window):
        message = f"timeSliceWindow “{short(slice_window)}” is neither minutes nor a duration such as 5m"
        yield finding(item, "timeSliceWindow", "objective-time-slice", message)


def _is_slice(value: object) -> bool:
    """A number of minutes, or a duration."""
    if (minutes := number_of(value)) is not None:
        return minutes > 0
    try:
        return windows.openslo(str(value))[1] > 0
    except ValueError:
        return False
