"""The facts about service level objectives and error budgets."""

from __future__ import annotations

from app.facts.groups_common import LINK, place, unreadable
from app.facts.schema import Fact, Field, Group

OBJECTIVE = {
    "name": Field("string", "Name of the objective"),
    "slo": Field("string", "Name of the document it stands in"),
    "format": Field("string", "openslo, sloth, pyrra, slo-generator, …"),
    "service": Field("string", "Service the document names, or empty"),
    "objective_ratio": Field("double", "Target as a ratio; −1 where what is written is no ratio", "ratio 0..1"),
    "window": Field("string", "Compliance window as Prometheus writes it, or empty"),
    "window_seconds": Field("int", "The same, 0 where none is known", "seconds"),
    "window_assumed": Field("bool", "The format leaves the window to its tool, whose default is taken"),
    "calendar": Field("bool", "A calendar window, not a rolling one"),
    "signal": Field("string", "availability, latency, freshness or empty (can't tell)"),
    "sli_valid": Field("string", "valid, invalid or unknown"),
    "sli_error": Field("string", "Why the SLI is not valid, or empty"),
    "metrics": Field("strings", "Metrics the SLI reads"),
    "page_alert": Field("bool", "The format's own tool generates a fast burn-rate alert"),
    "slow_alert": Field("bool", "The format's own tool generates a slow burn-rate alert"),
    "absence_alert": Field("bool", "The format's own tool alerts when the data is missing"),
    "burn_windows": Field("int", "Long windows that its own tool or policies alert on", "windows"),
    "fast_pairs": Field("int", "Multiwindow pairs over at most 6 h in alert rules joined to it", "pairs"),
    "slow_pairs": Field("int", "Multiwindow pairs over more than 6 h in alert rules joined to it", "pairs"),
    "implausible_pairs": Field("int", "Pairs whose threshold fits no burn rate of this objective", "pairs"),
    "burn_alerts": Field("strings", "Names of the alert rules joined to it"),
    "description_words": Field("int", "Words of its description", "words"),
    "problems": Field("strings", "What is wrong, each as code: sentence"),
    **LINK,
    "ignored": Field("string", "Why it never counts, or empty"),
    **place(),
}

SLO = Group(
    "slo",
    1,
    "Service level objectives kept as code.",
    {
        "objectives": Fact("items", "Objectives, one a target.", fields=OBJECTIVE),
        "signals": Fact("strings", "Signals that the objectives cover, without those that can't be told"),
        "covers_availability": Fact("bool", "An objective covers availability; unknown while a signal can't be told"),
        "covers_latency": Fact("bool", "The same for latency"),
        "covers_freshness": Fact("bool", "The same for freshness"),
        "live": Fact(
            "items",
            "What the monitoring system reports about each objective (live).",
            fields={
                "name": Field("string", "Name of the objective"),
                "reporting": Field("bool", "Its SLI gave a finite value in the last day"),
                **place(),
            },
        ),
        "unreadable": unreadable("objectives"),
    },
)

ERROR_BUDGET = Group(
    "error_budget",
    1,
    "What happens when a budget is spent.",
    {
        "policies": Fact(
            "items",
            "Error-budget policies that hold for the entity.",
            fields={
                "title": Field("string", "First heading"),
                "consequence": Field("bool", "Says what stops when the budget is spent"),
                "exceptions": Field("bool", "Says what may still go out"),
                "approver": Field("bool", "Names who approved it"),
                "approved_at": Field("string", "Date of approval (ISO 8601), or empty"),
                "revisit_at": Field("string", "Date it must be looked at again (ISO 8601), or empty"),
                "due_at": Field("timestamp", "End of that day; absent where no date is stated"),
                "stub": Field("string", "Why it is only a stub, or empty"),
                "ignored": Field("string", "Why it never counts, or empty"),
                **place(),
            },
        ),
        "unreadable": unreadable("error-budget policies"),
    },
    inherit=("system", "owner", "domain"),
)
