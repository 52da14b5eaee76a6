"""What several settings schemas are made of: a duration, a secret's place, and loading into a dataclass."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from marshmallow import Schema, ValidationError, fields, post_load, validates_schema

from app.lib import times
from app.settings.secret import Secret


class DurationField(fields.Field[timedelta]):
    """A Prometheus duration such as `5m`."""

    def _deserialize(self, value: Any, attr: str | None, data: Any, **kwargs: Any) -> timedelta:
        try:
            return times.parse_duration(value if isinstance(value, str) else str(value))
        except ValueError as error:
            raise ValidationError(str(error)) from None


class Base(Schema):
    """A schema that loads into its dataclass; lists become tuples."""

    into: type

    @post_load
    def _build(self, data: dict[str, Any], **_: Any) -> Any:
        return self.into(**{k: tuple(v) if isinstance(v, list) else v for k, v in data.items()})


class SecretSchema(Base):
    into = Secret
    env = fields.String(metadata={"description": "The variable that holds the secret."})
    file = fields.String(metadata={"description": "The file that holds the secret."})

    @validates_schema
    def _one(self, data: dict[str, Any], **_: Any) -> None:
        if len([key for key in ("env", "file") if data.get(key)]) != 1:
            raise ValidationError("say where the secret is: {env: NAME} or {file: path}")
