"""Many entities quickly: one that was really crawled and judged, copied under other names, row by row."""

from __future__ import annotations

from sqlalchemy import delete, insert, select

from app.catalog.model import EntityRef
from app.store.store import Store
from app.store.tables import entities, fact_sets, results


def copies(store: Store, of: EntityRef, names: list[str]) -> None:
    """Entities of these names with the rows of `of`, which itself goes away if its name is not among them."""
    refs = [(name, str(EntityRef(of.kind, of.namespace, name))) for name in names]
    with store.database.write() as connection:
        (entity,) = connection.execute(select(entities).where(entities.c.ref == str(of))).mappings().all()
        for table in (results, fact_sets):
            rows = connection.execute(select(table).where(table.c.entity == str(of))).mappings().all()
            connection.execute(delete(table).where(table.c.entity == str(of)))
            connection.execute(insert(table), [{**row, "entity": ref} for _, ref in refs for row in rows])
        connection.execute(delete(entities).where(entities.c.ref == str(of)))
        body = dict(entity["body"])
        connection.execute(
            insert(entities),
            [{**entity, "ref": ref, "name": name, "body": {**body, "ref": ref, "name": name}} for name, ref in refs],
        )
