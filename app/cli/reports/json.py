"""JSON: the shape of the API's results, with what the repository holds beside."""

from __future__ import annotations

import json

from app.pipeline.check import Report
from app.pipeline.report_json import report_json


def render(report: Report) -> str:
    return json.dumps(report_json(report), indent=2, ensure_ascii=False) + "\n"
