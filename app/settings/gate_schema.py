"""The schema of `gate`."""

from __future__ import annotations

from marshmallow import fields, validate

from app.settings.gate import Gating
from app.settings.parts import Base


class GatingSchema(Base):
    into = Gating
    mode = fields.String(
        validate=validate.OneOf(("off", "advisory", "warn"), error="must be off, advisory or warn"),
        metadata={"description": "Judge pull requests: `advisory` leaves notices, `warn` warnings; neither blocks."},
    )
    name = fields.String(
        validate=validate.Length(1, 100), metadata={"description": "The name of the check run or commit status."}
    )
