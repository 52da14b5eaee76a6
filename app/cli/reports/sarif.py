"""SARIF 2.1.0, for code scanning pages of forges.

Source: OASIS, Static Analysis Results Interchange Format 2.1.0; GitHub, SARIF support for code scanning.
"""

from __future__ import annotations

import hashlib
import json
from collections import Counter
from importlib import metadata
from typing import Any
from urllib.parse import quote

from app.cli.reports.findings import Finding, findings
from app.pipeline.check import Report
from app.policy.model import Check
from app.policy.remediation import generic
from app.remediation import offers


def render(report: Report) -> str:
    found = list(findings(report))
    checks = {finding.result.check.id: finding.result.check for finding in found}
    numbers = {name: number for number, name in enumerate(checks)}
    driver = {
        "name": "Roadworthy",
        "version": metadata.version("roadworthy"),
        "rules": [_rule(check) for check in checks.values()],
    }
    seen: Counter[str] = Counter()
    results = [_result(report, one, numbers, seen) for one in found]
    body = {
        "$schema": "https://json.schemastore.org/sarif-2.1.0.json",
        "version": "2.1.0",
        "runs": [
            {
                "tool": {"driver": driver},
                "automationDetails": {"id": "roadworthy/"},
                "columnKind": "unicodeCodePoints",
                "results": results,
            }
        ],
    }
    return json.dumps(body, indent=2, ensure_ascii=True) + "\n"


def _rule(check: Check) -> dict[str, Any]:
    command = offers.command(check)
    text = generic(check.remediation)
    return {
        "id": check.id,
        "shortDescription": {"text": check.title},
        "fullDescription": {"text": check.why},
        "help": {
            "text": f"{text}\nAs a diff: {command}" if command else text,
            "markdown": f"{text}\n\nAs a diff: `{command}`" if command else text,
        },
        "defaultConfiguration": {"level": "warning"},
        "properties": {"tags": ["reliability", check.area]},
        **({"helpUri": check.help_url} if check.help_url else {}),
    }


def _result(report: Report, one: Finding, numbers: dict[str, int], seen: Counter[str]) -> dict[str, Any]:
    return {
        "ruleId": one.result.check.id,
        "ruleIndex": numbers[one.result.check.id],
        "level": "warning",
        "message": {"text": one.message},
        **({"baselineState": "new" if one.new else "unchanged"} if report.comparison else {}),
        "locations": [
            {
                "physicalLocation": {
                    "artifactLocation": {"uri": quote(one.path, errors="replace")},
                    "region": {"startLine": one.line},
                }
            }
        ],
        "partialFingerprints": {"roadworthy/v1": _fingerprint(one, seen)},
        "properties": {"entity": one.entity, "level": one.result.level},
    }


def _fingerprint(one: Finding, seen: Counter[str]) -> str:
    """The same finding after lines above it have moved: what it is about, and the how-manieth of these it is."""
    about = "\0".join((one.entity, one.result.check.id, one.path, one.name))
    seen[about] += 1
    return hashlib.sha256(f"{about}\0{seen[about]}".encode("utf-8", "replace")).hexdigest()[:32]
