"""JSON as strangers send it. What is nested too deeply, numbers of thousands of digits and NaN are no JSON: a 400."""

from __future__ import annotations

import json
from typing import Any, NoReturn

from flask import Request
from flask.json.provider import DefaultJSONProvider
from webargs import missing
from webargs.flaskparser import FlaskParser, is_json_request

_BODY = " "
"""Stands for the body in errors: an empty one would mean that there was none."""


def loads(data: str | bytes) -> Any:
    """The value. Raises JSONDecodeError, whatever is wrong."""
    try:
        return json.loads(data, parse_constant=_no_number)
    except json.JSONDecodeError:
        raise
    except RecursionError:
        raise json.JSONDecodeError("the body is nested too deeply", _BODY, 0) from None
    except ValueError as error:  # not UTF-8, or a number that is too long to be one
        raise json.JSONDecodeError(str(error), _BODY, 0) from None


def _no_number(name: str) -> NoReturn:
    raise ValueError(f"{name} is no JSON")


class StrictJson(DefaultJSONProvider):
    """The application's JSON: what `request.get_json` reads by."""

    sort_keys = False

    def loads(self, s: str | bytes, **_: Any) -> Any:
        return loads(s)


class BodyParser(FlaskParser):
    """The same for views that name a schema."""

    def _raw_load_json(self, req: Request) -> Any:
        return loads(req.get_data(cache=True)) if is_json_request(req) else missing
