"""The schemas of `redis` and `worker`."""

from __future__ import annotations

from typing import Any

from marshmallow import ValidationError, fields, validate, validates

from app.settings.parts import Base
from app.settings.running import RedisServer, Work


class RedisSchema(Base):
    into = RedisServer
    url = fields.String(
        metadata={"description": "Redis (redis:// or rediss://) that carries hints and limits between processes."}
    )

    @validates("url")
    def _known(self, value: str, **_: Any) -> None:
        if value and not value.startswith(("redis://", "rediss://", "unix://")):
            raise ValidationError("begins with redis://, rediss:// or unix://")


class WorkSchema(Base):
    into = Work
    metrics_host = fields.String(metadata={"description": "Address of a worker's own metrics."})
    metrics_port = fields.Integer(
        validate=validate.Range(0, 65535), metadata={"description": "Port of a worker's own metrics; 0: none."}
    )
