"""A fix that the service proposes reads again only what it changes: what was scored was read before."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest
from organisation import Organisation, component
from sqlalchemy import select

from app.facts.inventory import take
from app.pipeline.readings import BorrowedCache
from app.repos.model import Tip
from app.store.tables import parsed

DATABASE = 'resource "aws_db_instance" "shop" {\n  backup_retention_period = 0\n}\n'
PROPOSE = """
import sys
from pathlib import Path
from app.catalog.model import EntityRef
from app.pipeline.fixing_stored import fix_entity
from app.services import build
from app.settings import load
pipeline = build(load(Path(sys.argv[1]), {}))
shop = pipeline.store.entities.get(EntityRef("component", "default", "shop"))
print(len(fix_entity(pipeline, shop, checks=["owner-is-team"]).diff), "hcl2" in sys.modules)
"""


@pytest.fixture
def organisation(tmp_path: Path) -> Iterator[Organisation]:
    made = Organisation(tmp_path).open()
    made.repository("shop", {"catalog-info.yaml": component("shop"), "main.tf": DATABASE})
    made.crawl()
    yield made
    made.close()


def test_what_reads_terraform_is_not_even_loaded_where_it_was_read_before(organisation: Organisation) -> None:
    command = [sys.executable, "-c", PROPOSE, str(organisation.folder / "roadworthy.yaml")]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    assert done.stdout.split()[-1] == "False", done.stdout


def test_readings_are_borrowed_from_the_store_and_nothing_is_kept(organisation: Organisation) -> None:
    store = organisation.pipeline.store
    mirror = organisation.pipeline.mirror(organisation.url("shop"))
    row = store.repositories.get(organisation.url("shop"), organisation.now)
    snapshot = mirror.held(Tip(row.branch, row.tip))
    rows = select(parsed.c.blob, parsed.c.kind, parsed.c.used_at).order_by(parsed.c.blob, parsed.c.kind)
    with store.database.read() as connection:
        before = connection.execute(rows).all()
    organisation.now += timedelta(days=9)
    cache = BorrowedCache(parsed=store.parsed)

    inventory = take(snapshot, cache)
    cache.put_many({"0" * 40 + ":yaml:1": {"found": []}})

    assert {one.path for one in inventory.found} >= {"main.tf"}
    assert before
    assert len(cache.known) == len(before) + 1
    with store.database.read() as connection:
        assert connection.execute(rows).all() == before
