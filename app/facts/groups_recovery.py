"""The facts about recovery from a disaster: what was promised, and when it was last tried."""

from __future__ import annotations

from app.facts.groups_common import place
from app.facts.schema import Fact, Field, Group

RECOVERY = Group(
    "recovery",
    1,
    "How soon the entity must be back after a disaster, how much it may lose, and when that was last proven.",
    {
        "objectives": Fact(
            "items",
            "Recovery objectives that are declared.",
            fields={
                "name": Field("string", "rto (time until it is back) or rpo (time of which the data may be lost)"),
                "key": Field("string", "Annotation or key of the document that declares it"),
                "minutes": Field("int", "The objective; −1 where what is written is no duration", "minutes"),
                "entity": Field("string", "The entity that declares it"),
                "ignored": Field("string", "Why it never counts, or empty"),
                **place(),
            },
        ),
        "declared": Fact("strings", "Objectives declared as a duration: rto, rpo"),
        "tested_at": Fact("timestamp", "Latest recovery on record; 1970 where there is none"),
    },
    inherit=("system", "domain"),
)
