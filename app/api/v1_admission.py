"""`POST /api/v1/admission`: a Kubernetes validating admission webhook that lets everything in, with warnings.

`kubectl apply` prints the warnings. Blocking a deployment is no scorecard's business; and what other objects decide
(a disruption budget, an autoscaler) can't be seen from one object, so only checks that it alone answers are told.
Source: Kubernetes documentation, dynamic admission control (AdmissionReview v1, warnings of 120 characters).
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

from flask.views import MethodView
from marshmallow import INCLUDE, Schema, fields, validate
from werkzeug.exceptions import ServiceUnavailable

from app.api.guard import require
from app.api.v1 import problems
from app.api.v1_blueprint import bounded
from app.api.v1_newborn import judged_of, room
from app.api.v1_waivers import blueprint
from app.errors import RepositoryError
from app.facts.inventory import Inventory
from app.formats import naming
from app.identity.model import READ
from app.pipeline.apart import read_apart
from app.pipeline.handed import NAMELESS, PLACE
from app.policy.model import Outcome

__all__ = ["blueprint"]
MAX_BODY = 4 * 1024 * 1024
"""A request holds the object twice on an update; etcd takes 1.5 MB of one."""
ALONE = ("workload-probes", "workload-resources", "rollout-strategy-safe", "image-pinned", "container-hardened")
"""Checks that one object answers by itself."""
_SECONDS = 5.0
_LONGEST, _MOST = 120, 10
_VERSION = "admission.k8s.io/v1"


class AdmissionRequest(Schema):
    uid = fields.String(required=True, validate=validate.Length(1, 200))
    object = fields.Dict(allow_none=True)


class AdmissionReview(Schema):
    apiVersion = fields.String(required=True, validate=validate.Equal(_VERSION))
    kind = fields.String(required=True, validate=validate.Equal("AdmissionReview"))
    request = fields.Nested(AdmissionRequest(unknown=INCLUDE), required=True)


class AdmissionAnswer(Schema):
    uid = fields.String(required=True)
    allowed = fields.Boolean(required=True, metadata={"description": "always true"})
    warnings = fields.List(fields.String(), metadata={"description": "one a failing check and container"})


class AdmissionReviewed(Schema):
    apiVersion = fields.String(required=True)
    kind = fields.String(required=True)
    response = fields.Nested(AdmissionAnswer, required=True)


@blueprint.route("/admission")
class Admission(MethodView):
    @require(READ)
    @bounded(MAX_BODY)
    @problems
    @blueprint.arguments(AdmissionReview, unknown=INCLUDE)
    @blueprint.response(200, AdmissionReviewed)
    def post(self, review: dict[str, Any]) -> dict[str, Any]:
        """A validating admission webhook: always allowed, with a warning for each thing the object lacks."""
        asked = review["request"]
        answer = {"uid": asked["uid"], "allowed": True, "warnings": _warnings(asked.get("object"))}
        return {"apiVersion": _VERSION, "kind": "AdmissionReview", "response": answer}


def _warnings(thing: dict[str, Any] | None) -> list[str]:
    if not thing:
        return []  # a deletion
    place = f"{PLACE}{NAMELESS}"
    try:
        with room(1.0):
            data = json.dumps(thing).encode("utf-8", "surrogatepass")
            found = list(_failing(read_apart(data, naming.KINDS["manifest"], place, seconds=_SECONDS), place))
    except (RepositoryError, ServiceUnavailable) as error:
        found = [f"not judged: {error if isinstance(error, RepositoryError) else 'too many at once'}"]
    return [_short(f"roadworthy: {text}") for text in dict.fromkeys(found)][:_MOST]


def _failing(inventory: Inventory, place: str) -> Iterator[str]:
    for judged in judged_of(inventory):
        for check in (check for result in judged.results for check in result.checks):
            if check.check.id in ALONE and check.outcome is Outcome.FAIL and check.enforced:
                for one in check.offenders:
                    if one.place.repository == place:
                        yield f"{one.name}: {check.check.title} ({check.check.id})"


def _short(text: str) -> str:
    return text if len(text) <= _LONGEST else f"{text[: _LONGEST - 1]}…"
