"""The blueprint of `/api/v1`, and what every endpoint of it may answer beside its own."""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from typing import Any, TypeVar, cast

from flask import abort, current_app, request
from flask_smorest import Blueprint

from app.api import schemas
from app.api.bodies import BodyParser


class _V1(Blueprint):  # type: ignore[misc]
    ARGUMENTS_PARSER = BodyParser()


blueprint = _V1("v1", __name__, url_prefix="/api/v1", description="Scores, facts and history of catalog entities.")


@blueprint.before_request
def refuse_stray_query() -> None:
    """A read without a query of its own takes none; those that have one refuse by its schema what it lacks."""
    if request.args and request.method in ("GET", "HEAD") and not _takes_query():
        abort(422, f"{next(iter(request.args))}: Unknown field.")


def _takes_query() -> bool:
    view_class = getattr(current_app.view_functions[request.endpoint or ""], "view_class", None)
    about: dict[str, Any] = getattr(getattr(view_class, "get", None), "_apidoc", {})
    return any(one["in"] == "query" for one in about.get("arguments", {}).get("parameters", ()))


View = TypeVar("View", bound=Callable[..., Any])


def problems(view: Any) -> Any:
    """Documents the answers that every endpoint may give."""
    view = blueprint.alt_response(404, schema=schemas.Problem, content_type="application/problem+json")(view)
    return blueprint.alt_response(422, schema=schemas.Problem, content_type="application/problem+json")(view)


def bounded(most: int) -> Callable[[View], View]:
    """A view whose body may be of so many bytes, whatever the others may take."""

    def around(view: View) -> View:
        @wraps(view)
        def called(*args: Any, **kwargs: Any) -> Any:
            request.max_content_length = most
            return view(*args, **kwargs)

        return cast(View, called)

    return around


def table(view: Any) -> Any:
    """The same for a list that is CSV too."""
    csv = {"text/csv": {"schema": {"type": "string", "description": "One line an item, the first names the columns."}}}
    return problems(blueprint.doc(responses={200: {"content": csv}})(view))
