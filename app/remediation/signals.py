"""Which metrics of a service count requests and measure how long they take, as its alerts already read them."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from app.remediation.model import Case

_SELECTOR = re.compile(r"([a-zA-Z_][a-zA-Z0-9_]*)\s*\{((?:[^{}\"]|\"(?:\\.|[^\"\\])*\")*)\}")
_COUNTS = re.compile(r"(requests?_total|requests?(_duration)?_seconds_count|_handled_total)$")
_DURATIONS = re.compile(r"(duration|latency|time|requests?)\w*_(seconds_)?bucket$")
_MATCHER = re.compile(r'\s*([a-zA-Z_][a-zA-Z0-9_]*)\s*(=~|!~|!=|=)\s*"((?:\\.|[^"\\])*)"\s*')
_STATUS = re.compile(r"(?:\w*_)?(?:code|status|status_code|outcome|grpc_code)")
_DEFAULTS = {
    "http_server_requests_seconds_count": ('outcome="SERVER_ERROR"', "Micrometer"),
    "grpc_server_handled_total": ('grpc_code=~"Unknown|Internal|Unavailable|DataLoss"', "go-grpc-middleware"),
    "istio_requests_total": ('response_code=~"5.."', "Istio"),
}
"""Metrics whose labels are fixed by who makes them → what picks a failed request."""


@dataclass(frozen=True, slots=True)
class Requests:
    """Queries with Sloth's window: errors, and all."""

    metric: str
    errors: str
    total: str


@dataclass(frozen=True, slots=True)
class Durations:
    """A histogram by its name without `_bucket`; `selector` is what stands in its braces. `bounds`: buckets read."""

    metric: str
    selector: str
    bounds: tuple[str, ...] = ()

    @property
    def count(self) -> str:
        return f"sum(rate({self.metric}_count{{{self.selector}}}[{{{{.window}}}}]))"

    def slower_than(self, bound: str) -> str:
        within = ",".join(part for part in (self.selector, f'le="{bound}"') if part)
        return f"{self.count} - sum(rate({self.metric}_bucket{{{within}}}[{{{{.window}}}}]))"


def requests(case: Case) -> Requests | None:
    """A counter of requests and what picks the failed ones; the answers where no alert tells."""
    total, errors = case.answer("slo.total"), case.answer("slo.errors")
    if total and errors and (match := _SELECTOR.fullmatch(total.strip())):
        return _requests(match[1], match[2], errors)
    for metric, selector in _selectors(case):
        if not _COUNTS.search(metric):
            continue
        matchers = list(_MATCHER.finditer(selector))
        failed = [one[0].strip() for one in matchers if _STATUS.fullmatch(one[1]) and _means_failure(one[2], one[3])]
        kept = ",".join(one[0].strip() for one in matchers if not _STATUS.fullmatch(one[1]) and one[1] != "le")
        if failed:
            return _requests(metric, kept, failed[0])
        if metric in _DEFAULTS:
            return _requests(metric, kept, _DEFAULTS[metric][0])
    return None


def durations(case: Case) -> Durations | None:
    """A histogram of how long requests take."""
    if said := case.answer("slo.duration").strip().removesuffix("_bucket"):
        match = _SELECTOR.fullmatch(said)
        return Durations(match[1], match[2]) if match else Durations(said, "")
    found: dict[tuple[str, str], list[str]] = {}
    for metric, selector in _selectors(case):
        if _DURATIONS.search(metric):
            matchers = list(_MATCHER.finditer(selector))
            kept = ",".join(one[0].strip() for one in matchers if one[1] != "le")
            bounds = found.setdefault((metric.removesuffix("_bucket"), kept), [])
            bounds += [one[3] for one in matchers if one[1] == "le" and one[3] != "+Inf"]
    if not found:
        return None
    (metric, kept), bounds = next(iter(found.items()))
    return Durations(metric, kept, tuple(dict.fromkeys(bounds)))


QUIET = ("warning", "ticket", "low", "info")
LOUD = ("page", "critical", "s1", "s2", "high", "p1", "sev1", "emergency")


def usual_severity(case: Case, of: Sequence[str], default: str) -> str:
    """The severity among some that most of the service's alerts are labelled with."""
    known = Counter(str(item.get("severity")) for item in case.list("alerting.rules") if item.get("severity") in of)
    return known.most_common(1)[0][0] if known else default


def _means_failure(operator: str, value: str) -> bool:
    return operator in ("=", "=~") and bool(re.match(r"\(?\^?(5|SERVER_ERROR|Unknown|Internal|Unavailable)", value))


def _requests(metric: str, selector: str, failed: str) -> Requests:
    within = ",".join(part for part in (selector.strip().strip(","), failed) if part)
    window = "[{{.window}}]"
    plain = f"{{{selector.strip().strip(',')}}}" if selector.strip() else ""
    return Requests(metric, f"sum(rate({metric}{{{within}}}{window}))", f"sum(rate({metric}{plain}{window}))")


def _selectors(case: Case) -> Iterator[tuple[str, str]]:
    """(metric, what stands in its braces) of every selector of the service's rules, in order."""
    for fact in ("alerting.rules", "alerting.recordings"):
        for item in case.list(fact):
            for match in _SELECTOR.finditer(str(item.get("expr") or "")):
                yield match[1], match[2]
