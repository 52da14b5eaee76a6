"""Fixes of databases as Terraform (and CloudNativePG) declares them. What Terraform would answer by making
a resource anew is never done unasked: the question says so."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

from app.lib.hcl_text import Block, HclText
from app.lib.splices import Splice
from app.lib.yaml_edits import Uneditable
from app.remediation.model import Answer, Case, Edit, Item, Note, Question, each


@dataclass(frozen=True, slots=True)
class Flag:
    """One attribute: the path of blocks to it, its name, and the expression that it is to have."""

    path: tuple[str, ...]
    name: str
    value: str


Flags = Callable[[Case, Item], Sequence[Flag]]
_SQL_BACKUP = ("settings", "backup_configuration")


def _days(case: Case) -> str:
    return str(int(case.params.get("min_days", 7)))


def _cloud_sql_backups(case: Case, item: Item) -> list[Flag]:
    found = [Flag(_SQL_BACKUP, "enabled", "true")]
    if int(case.params.get("min_days", 7)) > 7:  # the provider keeps seven by itself
        found.append(Flag((*_SQL_BACKUP, "backup_retention_settings"), "retained_backups", _days(case)))
    return found


def _recovery(case: Case, item: Item) -> list[Flag]:
    name = "binary_log_enabled" if str(item.get("engine")).startswith("mysql") else "point_in_time_recovery_enabled"
    return [*_cloud_sql_backups(case, item), Flag(_SQL_BACKUP, name, "true")]


def _one(*path: str, value: str) -> Flags:
    return lambda case, item: [Flag(path[:-1], path[-1], value)]


def _of_days(*path: str) -> Flags:
    return lambda case, item: [Flag(path[:-1], path[-1], _days(case))]


_AZURE = ("azurerm_postgresql_flexible_server", "azurerm_mysql_flexible_server")
_RECOVERS = _one("point_in_time_recovery", "enabled", value="true")
BACKUPS: dict[str, Flags] = {
    "aws_db_instance": _of_days("backup_retention_period"),
    "aws_rds_cluster": _of_days("backup_retention_period"),
    "aws_dynamodb_table": _RECOVERS,
    "google_sql_database_instance": _cloud_sql_backups,
    **dict.fromkeys(_AZURE, _of_days("backup_retention_days")),
}
PROTECTION: dict[str, Flags] = {
    "aws_db_instance": _one("deletion_protection", value="true"),
    "aws_rds_cluster": _one("deletion_protection", value="true"),
    "aws_dynamodb_table": _one("deletion_protection_enabled", value="true"),
    "google_sql_database_instance": _one("deletion_protection", value="true"),
    **dict.fromkeys(_AZURE, _one("lifecycle", "prevent_destroy", value="true")),
}
AVAILABILITY: dict[str, Flags] = {
    "aws_db_instance": _one("multi_az", value="true"),
    "google_sql_database_instance": _one("settings", "availability_type", value='"REGIONAL"'),
    **dict.fromkeys(_AZURE, _one("high_availability", "mode", value='"ZoneRedundant"')),
}
RECOVERY: dict[str, Flags] = {**BACKUPS, "google_sql_database_instance": _recovery}


def backups(case: Case) -> Iterator[Answer]:
    yield from _mended(case, BACKUPS, "backups are kept long enough")


def protection(case: Case) -> Iterator[Answer]:
    yield from _mended(case, PROTECTION, "deleting it takes more than one mistake")


def availability(case: Case) -> Iterator[Answer]:
    yield from _mended(case, AVAILABILITY, "it survives the loss of a zone")


def recovery(case: Case) -> Iterator[Answer]:
    yield from _mended(case, RECOVERY, "it can be restored to any moment")


def private(case: Case) -> Iterator[Answer]:
    """The public address goes. Encrypting a volume makes a new database, so that is asked for."""

    def mend(item: Item) -> Iterator[Answer]:
        text, block = block_of(case, item)
        edits: list[Splice] = []
        kind, name = str(item["format"]), str(item["name"])
        if item.get("public"):
            if kind == "google_sql_database_instance":
                network = text.get(block, "settings", "ip_configuration", "private_network")
                if not network:
                    raise Uneditable("without a private_network it would have no address at all", int(item["line"]))
                edits += text.put(block, ("settings", "ip_configuration"), "ipv4_enabled", "false")
            elif kind == "aws_db_instance":
                edits += text.put(block, (), "publicly_accessible", "false")
            elif kind in _AZURE:
                edits += text.put(block, (), "public_network_access_enabled", "false")
            else:
                raise Uneditable("its members are public: set publicly_accessible = false there", int(item["line"]))
        if item.get("encryption") == "no":
            if case.answer(f"encrypt.{name}") == "yes":
                edits += text.put(block, (), "storage_encrypted", "true")
            else:
                why = "Terraform answers storage_encrypted = true with a new, empty database in place of the old one"
                said = "restore an encrypted copy of a snapshot first. Write it anyway?"
                yield Question(f"encrypt.{name}", f"{name}: {why}; {said}", ("yes",))
        if edits:
            yield Edit(str(item["path"]), tuple(edits), f"{name} is private and encrypted")

    yield from each(case, case.items, mend)


def maintenance(case: Case) -> Iterator[Answer]:
    """Minor upgrades by themselves, in a window that people choose."""

    def mend(item: Item) -> Iterator[Answer]:
        text, block = block_of(case, item)
        edits: list[Splice] = []
        kind, name = str(item["format"]), str(item["name"])
        if item.get("minor_upgrades") is False:
            edits += text.put(block, (), "auto_minor_version_upgrade", "true")
        if item.get("maintenance_window") is False:
            window = case.answer("maintenance_window")
            attribute = {"aws_db_instance": "maintenance_window", "aws_rds_cluster": "preferred_maintenance_window"}
            if kind not in attribute:
                raise Uneditable(f"a maintenance window of {kind} is more than one value", int(item["line"]))
            if re.fullmatch(r"[a-z]{3}:\d\d:\d\d-[a-z]{3}:\d\d:\d\d", window):
                edits += text.put(block, (), attribute[kind], f'"{window}"')
            else:
                yield Question(
                    "maintenance_window", f"When may {name} be maintained (UTC, such as sun:03:00-sun:04:00)?"
                )
        if edits:
            yield Edit(str(item["path"]), tuple(edits), f"maintenance of {name} is agreed")
        until = item.get("supported_until")
        if until is not None and hasattr(until, "tzinfo") and until <= case.now:
            yield Note(f"{name} runs {item['engine']} {item['version']}, past its end: the upgrade is yours to plan.")

    yield from each(case, case.items, mend)


def _mended(case: Case, table: dict[str, Flags], why: str) -> Iterator[Answer]:
    def mend(item: Item) -> Iterator[Answer]:
        kind = str(item["format"])
        if kind == "cloudnative-pg":
            yield from _postgres(case, item, table, why)
            return
        if kind not in table:
            raise Uneditable(f"what {kind} needs for it is more than one value here", int(item["line"]))
        text, block = block_of(case, item)
        flags = table[kind](case, item)
        yield Edit(str(item["path"]), tuple(_edits(text, block, flags)), f"{item['name']}: {why}")

    yield from each(case, case.items, mend)


def _edits(text: HclText, block: Block, flags: Sequence[Flag]) -> list[Splice]:
    """One after another: what the first makes, the next finds. Given as one edit of the whole block."""
    before, now = text, block
    for flag in flags:
        made = before.put(now, flag.path, flag.name, flag.value)
        for one in made:
            before = HclText(before.text[: one.start] + one.text + before.text[one.end :])
        line = text.text.count("\n", 0, block.start) + 1
        now = before.block_at(line)
    if before.text == text.text:
        return []
    return [Splice(block.start, block.end, before.text[now.start : now.end])]


def _postgres(case: Case, item: Item, table: dict[str, Flags], why: str) -> Iterator[Answer]:
    """A CloudNativePG cluster."""
    text = case.yaml(str(item["path"]))
    root = text.document_at(int(item["line"]))
    if table is AVAILABILITY:
        edits = text.put(root, ["spec", "instances"], 3)
    elif table is PROTECTION:
        edits = text.put(root, ["metadata", "annotations", "argocd.argoproj.io/sync-options"], "Prune=false")
    else:
        raise Uneditable("its backups need an object store that only people can choose", int(item["line"]))
    yield Edit(str(item["path"]), tuple(edits), f"{item['name']}: {why}")


def block_of(case: Case, item: Item) -> tuple[HclText, Block]:
    """The resource that an item is, and the file around it. Raises Uneditable."""
    path = str(item["path"])
    if not path.endswith(".tf"):
        raise Uneditable("it is no Terraform file that can be edited", int(item["line"]))
    text = HclText(case.files.text(path))
    return text, text.block_at(int(item["line"]))
