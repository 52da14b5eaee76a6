"""JSON Schemas (2020-12) of what may be reported, one a group; and what is wrong with a report, place by place."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from copy import deepcopy
from datetime import timedelta
from functools import lru_cache
from typing import TYPE_CHECKING, Any

from app.facts.pushed import DRILLS, ONCALL, RENDERED

if TYPE_CHECKING:
    import jsonschema_rs

_WITHIN = r"^(?!(?:.*/)?\.\.(?:/|$))"
"""A path of the repository leads nowhere outside it."""
_PATH = {"type": "string", "minLength": 1, "maxLength": 300, "pattern": _WITHIN + r"[^/\x00\\][^\x00\\]*$"}
_LINK = {"type": "string", "maxLength": 2000, "pattern": "^https?://[^\\s]+$"}
SCHEMAS: Mapping[str, dict[str, Any]] = {
    RENDERED: {
        "type": "object",
        "description": "Manifests and rules as CI renders them (helm template, jsonnet), read by the readers of files.",
        "additionalProperties": False,
        "required": ["files"],
        "properties": {
            "files": {
                "type": "array",
                "minItems": 1,
                "maxItems": 100,
                "items": {
                    "type": "object",
                    "additionalProperties": False,
                    "required": ["path", "text"],
                    "properties": {
                        "path": {**_PATH, "pattern": _WITHIN + r"[^/\x00\\][^\x00\\]*\.(ya?ml|json|rules)$"},
                        "text": {"type": "string", "maxLength": 400_000},
                    },
                },
            },
            "replaces": {
                "type": "array",
                "maxItems": 100,
                "items": _PATH,
                "description": "files or folders of the entity's own repository that these were rendered from",
            },
        },
    },
    ONCALL: {
        "type": "object",
        "description": "How someone is paged, from any tool. No keys, no names of people.",
        "additionalProperties": False,
        "required": ["provider"],
        "properties": {
            "provider": {"type": "string", "minLength": 1, "maxLength": 60},
            "escalation_levels": {"type": "integer", "minimum": 0, "maximum": 100},
            "schedule_users": {"type": "integer", "minimum": 0, "maximum": 100_000},
        },
    },
    DRILLS: {
        "type": "object",
        "description": "Proofs with a date: a restore, a load test. `proof`: a key of the policy's proofs, or its end.",
        "additionalProperties": False,
        "required": ["drills"],
        "properties": {
            "drills": {
                "type": "array",
                "minItems": 1,
                "maxItems": 100,
                "items": {
                    "type": "object",
                    "additionalProperties": False,
                    "required": ["proof", "at"],
                    "properties": {
                        "proof": {"type": "string", "minLength": 1, "maxLength": 200},
                        "at": {"type": "string", "format": "date-time"},
                        "url": _LINK,
                    },
                },
            }
        },
    },
}
LIVES: Mapping[str, timedelta] = {RENDERED: timedelta(days=7), ONCALL: timedelta(days=7), DRILLS: timedelta(days=365)}
"""How long a report holds when it does not say."""
LONGEST = timedelta(days=400)
_MOST_TOLD = 20
_POLICIES = 8


def schemas(proofs: Sequence[str]) -> dict[str, dict[str, Any]]:
    """The schemas with what policy knows by name: a proof that it does not know would count for nothing, in silence."""
    drills = deepcopy(SCHEMAS[DRILLS])
    drills["properties"]["drills"]["items"]["properties"]["proof"]["enum"] = list(proofs)
    return {**SCHEMAS, DRILLS: drills}


def problems(group: str, data: Any, proofs: Sequence[str]) -> dict[str, list[str]]:
    """Place in `data` (a JSON pointer) → what is wrong there; empty when it fits. `proofs` as in `schemas`."""
    found: dict[str, list[str]] = {}
    try:
        for pointer, message in _errors(group, data, tuple(proofs)):
            found.setdefault(pointer, []).append(message)
            if len(found) >= _MOST_TOLD:
                break
    except ValueError:  # the validator's own limit of depth
        return {"/": ["is nested too deeply"]}
    return found


@lru_cache(_POLICIES)
def _validator(group: str, proofs: tuple[str, ...]) -> jsonschema_rs.Draft202012Validator:
    import jsonschema_rs  # four megabytes, for those alone that take reports

    return jsonschema_rs.Draft202012Validator(schemas(proofs)[group], validate_formats=True)


def _errors(group: str, data: Any, proofs: tuple[str, ...]) -> Iterator[tuple[str, str]]:
    for error in _validator(group, proofs).iter_errors(data):
        yield "/" + "/".join(str(part) for part in error.instance_path), error.message[:300]
