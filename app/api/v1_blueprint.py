"""The blueprint of `/api/v1`, and what every endpoint of it may answer beside its own."""

from __future__ import annotations

from typing import Any

from flask_smorest import Blueprint

from app.api import schemas

blueprint = Blueprint(
    "v1", __name__, url_prefix="/api/v1", description="Scores, facts and history of catalog entities."
)


def problems(view: Any) -> Any:
    """Documents the answers that every endpoint may give."""
    view = blueprint.alt_response(404, schema=schemas.Problem, content_type="application/problem+json")(view)
    return blueprint.alt_response(422, schema=schemas.Problem, content_type="application/problem+json")(view)


def table(view: Any) -> Any:
    """The same for a list that is CSV too."""
    csv = {"text/csv": {"schema": {"type": "string", "description": "One line an item, the first names the columns."}}}
    return problems(blueprint.doc(responses={"200": {"content": csv}})(view))
