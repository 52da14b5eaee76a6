"""JSON: the shape of the API's results, with what the repository holds beside."""

from __future__ import annotations

import json

from app.pipeline.check import Report
from app.policy.plan import next_steps
from app.policy.results import steps_json, to_json


def render(report: Report) -> str:
    inventory = report.inventory
    body = {
        "repository": {"url": inventory.url, "commit": inventory.commit, "branch": inventory.branch},
        "entities": [
            {
                **to_json(judged.subject.ref, judged.results),
                "provisional": judged.entity.provisional,
                "next_steps": steps_json(next_steps(judged.results)),
            }
            for judged in report.judged
        ],
        "unscored": [str(entity.ref) for entity in report.unscored],
        "problems": [
            {"path": p.path, "line": p.line, "code": p.code, "message": p.message} for p in inventory.problems
        ],
        "unattributed": [
            {"kind": one.kind, "path": one.path, "line": one.line, "why": one.why} for one in report.nobodys
        ],
        "unreadable": [
            {"group": u.group, "path": u.path, "line": u.line, "reason": u.reason, "ignored": u.ignored}
            for u in inventory.unreadable
        ],
    }
    return json.dumps(body, indent=2, ensure_ascii=False) + "\n"
