"""Facts and their schema as plain text."""

from __future__ import annotations

import json
from typing import Any

from app.facts.groups import SCHEMA


def table(body: dict[str, Any]) -> str:
    """One line a thing found: where it stands and what it is."""
    repository = body["repository"]
    lines = [f"{repository['url']} {repository['commit'][:12]} {repository['branch']}".rstrip()]
    lines += [f"  entity   {one['path']}:{one['line']} {one['ref']}{_off(one)}" for one in body.get("entities", ())]
    for group, facts in body["facts"].items():
        for name, value in facts.items():
            if isinstance(value, list) and name != "unknown":
                lines += [f"  {group}.{name}  {_item(item)}" for item in value]
            elif name != "unknown":
                lines.append(f"  {group}.{name} = {json.dumps(value, ensure_ascii=False)}")
    lines += [f"  problem  {one['path']}:{one['line']} {one['message']}" for one in body.get("problems", ())]
    return "\n".join(lines) + "\n"


def _item(item: Any) -> str:
    if not isinstance(item, dict):
        return str(item)
    name = item.get("name") or item.get("title") or item.get("reason") or item.get("ref") or ""
    return f"{item.get('path', '')}:{item.get('line', '')} {name}{_off(item)}"


def _off(item: dict[str, Any]) -> str:
    return f" (ignored: {item['ignored']})" if item.get("ignored") else ""


def schema(output: str) -> str:
    """Every fact: type, unit, meaning."""
    groups = {
        group.name: {
            "version": group.version,
            "doc": group.doc,
            "inherit": list(group.inherit),
            "facts": {
                name: {
                    "type": fact.type,
                    "doc": fact.doc,
                    "unit": fact.unit,
                    **(
                        {"fields": {k: {"type": f.type, "doc": f.doc, "unit": f.unit} for k, f in fact.fields.items()}}
                        if fact.fields
                        else {}
                    ),
                }
                for name, fact in group.facts.items()
            },
        }
        for group in SCHEMA.values()
    }
    if output == "json":
        return json.dumps(groups, indent=2, ensure_ascii=False) + "\n"
    lines = []
    for name, group in groups.items():
        lines.append(f"{name} (version {group['version']}): {group['doc']}")
        for fact, body in group["facts"].items():  # type: ignore[attr-defined]
            lines.append(f"  {name}.{fact}: {body['type']}  {body['doc']}")
            lines += [f"      {key}: {field['type']}  {field['doc']}" for key, field in body.get("fields", {}).items()]
    return "\n".join(lines) + "\n"
