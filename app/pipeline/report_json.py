"""A check's report as JSON: what `check --format json` prints and `POST /api/v1/simulate` answers of files."""

from __future__ import annotations

from typing import Any

from app.pipeline.check import Report
from app.pipeline.plans import first_steps, plan_of
from app.pipeline.scoring import Judged
from app.policy import change_report
from app.policy.model import Outcome
from app.policy.results import to_json
from app.remediation import offers


def report_json(report: Report) -> dict[str, Any]:
    """The shape of the API's results, with what the repository holds beside."""
    inventory = report.inventory
    return {
        "repository": {"url": inventory.url, "commit": inventory.commit, "branch": inventory.branch},
        "entities": [
            {
                **to_json(judged.subject.ref, judged.results),
                "provisional": judged.entity.provisional,
                "next_steps": first_steps(judged.results),
                **_fix(report, judged),
                **({"plan": plan_of(judged.results, report.goal)} if report.goal else {}),
            }
            for judged in report.judged
        ],
        **({"comparison": change_report.to_json(report.comparison)} if report.comparison is not None else {}),
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


def _fix(report: Report, judged: Judged) -> dict[str, Any]:
    """The commands where there is a repository to run them in, else the fix itself (null where nothing was made)."""
    if report.fixes is None:
        return {"fix_commands": _commands(judged)}
    return {"fix": report.fixes.get(judged.subject.ref)}


def _commands(judged: Judged) -> dict[str, str]:
    """Failing check → the command that mends it in its repository, where there is one."""
    failing = (one.check for result in judged.results for one in result.checks if one.outcome is Outcome.FAIL)
    return {check.id: command for check in failing if (command := offers.command(check))}
