"""SARIF 2.1.0, for code scanning pages of forges."""

from __future__ import annotations

import json
from importlib import metadata
from urllib.parse import quote

from app.cli.reports.findings import findings
from app.pipeline.check import Report
from app.policy.remediation import generic


def render(report: Report) -> str:
    found = list(findings(report))
    checks = {finding.result.check.id: finding.result.check for finding in found}
    rules = [
        {
            "id": check.id,
            "shortDescription": {"text": check.title},
            "fullDescription": {"text": check.why},
            "help": {"text": generic(check.remediation)},
            **({"helpUri": check.help_url} if check.help_url else {}),
        }
        for check in checks.values()
    ]
    driver = {"name": "Roadworthy", "version": metadata.version("roadworthy"), "rules": rules}
    results = [
        {
            "ruleId": finding.result.check.id,
            "level": "warning",
            "message": {"text": finding.message},
            **({"baselineState": "new" if finding.new else "unchanged"} if report.comparison else {}),
            "locations": [
                {
                    "physicalLocation": {
                        "artifactLocation": {"uri": quote(finding.path, errors="replace")},
                        "region": {"startLine": finding.line},
                    }
                }
            ],
            "properties": {"entity": finding.entity, "level": finding.result.level},
        }
        for finding in found
    ]
    body = {
        "$schema": "https://json.schemastore.org/sarif-2.1.0.json",
        "version": "2.1.0",
        "runs": [{"tool": {"driver": driver}, "results": results}],
    }
    return json.dumps(body, indent=2, ensure_ascii=True) + "\n"
