"""The facts about alerting."""

from __future__ import annotations

from app.facts.groups_common import LINK, place, unreadable
from app.facts.schema import Fact, Field, Group

RULE = {
    "name": Field("string", "Name of the alert"),
    "group": Field("string", "Rule group it stands in"),
    "severity": Field("string", "Label severity (else sloth_severity), group labels merged under the rule's, or empty"),
    "for": Field("string", "How long it must hold, as Prometheus writes it", rule=False),
    "for_seconds": Field("int", "The same", "seconds"),
    "keep_firing_for": Field("string", "How long it keeps firing, as written", rule=False),
    "expr": Field("string", "The expression"),
    "expr_valid": Field("string", "valid, invalid or unknown (another language, an unresolved template)"),
    "expr_error": Field("string", "Why the expression is not valid, or empty"),
    "problems": Field("strings", "What is wrong with the rule, each as code: sentence"),
    **LINK,
    "runbook.state": Field(
        "string",
        "missing, placeholder, resolved, missing_file, missing_anchor, dead_template, templated, external, invalid "
        "(no address at all) or not_crawled",
    ),
    "runbook.repository": Field("string", "Repository of the page it resolves to, or empty"),
    "runbook.path": Field("string", "Path of that page, or empty"),
    "runbook.anchor": Field("string", "Anchor in that page, or empty"),
    "runbook.url": Field("string", "Address of a page outside the crawled repositories, or empty"),
    "runbook.topics": Field("strings", "Topics with something written under them: meaning, impact, diagnosis, …"),
    "runbook.actions": Field("int", "Commands, links and steps under its mitigation", "actions"),
    "runbook.shared": Field("int", "Alerts of the entity that link this very section", "alerts"),
    "runbook.stub": Field("string", "Why the page is only a stub, or empty"),
    "summary": Field("string", "Annotation summary or title, or empty"),
    "summary_length": Field("int", "Characters of it, without those that a template fills in", "characters"),
    "description": Field("string", "Annotation description or message, or empty"),
    "description_dynamic": Field("bool", "The description uses the alert's labels or value"),
    "unavailable_labels": Field("strings", "Labels its annotations use though the expression aggregates them away"),
    "burn_rate": Field("bool", "It is a multiwindow burn-rate alert"),
    "range_seconds": Field("int", "Longest window of the expression, 0 where it has none", "seconds"),
    "instant": Field("bool", "A single sample decides: a metric is read over no window and nothing measures time"),
    "covers_absence": Field("bool", "It fires when a target or its data is missing"),
    "tested": Field("bool", "A unit test expects it to fire"),
    "tested_silent": Field("bool", "A unit test expects it to stay silent"),
    "generated": Field("bool", "Not written down: the tool of an SLO format makes it"),
    "conditional": Field("bool", "Stands in a branch of a template"),
    "source": Field("string", "prometheus, prometheusrule, vmrule, loki, google, sloth, …"),
    "ignored": Field("string", "Why it never counts, or empty"),
    "output_path": Field(
        "string", "File of an SLO tool's output it stands in; its place is then the spec's", rule=False
    ),
    "output_line": Field("int", "Line in that file, else 0", rule=False),
    **place(),
}

RECORDING = {
    "name": Field("string", "Name of the metric it records"),
    "group": Field("string", "Rule group it stands in"),
    "expr": Field("string", "The expression"),
    "expr_valid": Field("string", "valid, invalid or unknown"),
    "expr_error": Field("string", "Why the expression is not valid, or empty"),
    "source": Field("string", "prometheus, prometheusrule, …"),
    "ignored": Field("string", "Why it never counts, or empty"),
    **place(),
}

PROBLEM = {
    "code": Field("string", "Kind of problem, in kebab-case"),
    "message": Field("string", "One sentence for a person"),
    "ignored": Field("string", "Why it never counts, or empty"),
    **place(),
}

ALERTING = Group(
    "alerting",
    1,
    "Alerting and recording rules kept as code.",
    {
        "rules": Fact("items", "Alerting rules of the entity.", fields=RULE),
        "recordings": Fact("items", "Recording rules of the entity.", fields=RECORDING),
        "problems": Fact("items", "What is wrong in the files that hold its rules.", fields=PROBLEM),
        "problem_count": Fact("int", "How many of those problems count", "problems"),
        "silence_tested": Fact("bool", "A unit test expects one of its alerts to stay silent"),
        "loaded": Fact(
            "items",
            "Whether each paging rule runs in production (live).",
            fields={
                "name": Field("string", "Name of the alert"),
                "health": Field("string", "ok, err, missing or unknown"),
                **place(),
            },
        ),
        "routes": Fact(
            "items",
            "Where Alertmanager sends each alert, by its configurations in git. The place is the route's.",
            fields={
                "name": Field("string", "Name of the alert"),
                "severity": Field("string", "Its severity, as in `rules`"),
                "receiver": Field("string", "Receivers it ends at"),
                "integrations": Field("strings", "What those receivers notify: pagerduty, slack, webhook, …"),
                "pages": Field("bool", "One of them pages someone (policy names those that do)"),
                "opaque": Field("bool", "One of them may page or may not: a webhook, say"),
                "default": Field("bool", "No route is meant for it: it falls through to the root's receiver"),
                "muted": Field("bool", "Every route it takes is silent at times, by a mute or active interval"),
                "rule_path": Field("string", "File of the alert's own rule", rule=False),
                "rule_line": Field("int", "Line of that rule", rule=False),
                "ignored": Field("string", "Why it never counts, or empty"),
                **place(),
            },
        ),
        "unreadable": unreadable("rules"),
    },
)
