"""Fixes of clusters as Terraform declares them: zones, upgrades, who reaches the control plane. See `terraform`."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

from app.lib.hcl_text import Block, HclText
from app.lib.splices import Splice
from app.lib.yaml_edits import Uneditable
from app.remediation.model import Answer, Case, Edit, Item, Note, Question, each
from app.remediation.terraform import block_of

_CIDR = re.compile(r"[0-9a-fA-F.:]+/\d{1,3}")
_AZURE_CHANNELS = ("patch", "stable", "rapid", "node-image")


def zones(case: Case) -> Iterator[Answer]:
    """Zones are asked for: which a region has, and where its networks reach, only people know."""

    def mend(item: Item) -> Iterator[Answer]:
        text, block = block_of(case, item)
        if item["format"] == "azurerm_kubernetes_cluster":
            yield from _azure_zones(case, item, text, block)
            return
        said = [one.strip() for one in case.answer("node_locations").split(",") if one.strip()]
        if item["format"] != "google_container_cluster":
            raise Uneditable("name a subnet in each zone for its node groups", int(item["line"]))
        if not said or not all(re.fullmatch(r"[a-z]+-[a-z]+\d+-[a-z]", one) for one in said):
            yield Question("node_locations", f"In which further zones may nodes of {item['name']} run (a, b)?")
            return
        listed = ", ".join(f'"{one}"' for one in said)
        yield Edit(str(item["path"]), tuple(text.put(block, (), "node_locations", f"[{listed}]")), "more zones")

    yield from each(case, case.items, mend)


def _azure_zones(case: Case, item: Item, text: HclText, block: Block) -> Iterator[Answer]:
    said = [one.strip() for one in case.answer("zones").split(",") if one.strip()]
    if len(said) < 2 or not all(re.fullmatch(r"\d", one) for one in said):
        asked = f"In which zones are the nodes of {item['name']} to run? Azure makes its default pool anew for it."
        yield Question("zones", asked, ("1, 2, 3",))
        return
    listed = ", ".join(f'"{one}"' for one in said)
    edits = text.put(block, ("default_node_pool",), "zones", f"[{listed}]")
    yield Edit(str(item["path"]), tuple(edits), f"the nodes of {item['name']} run in {len(said)} zones")
    yield Note(f"Azure makes the default node pool of {item['name']} anew when its zones change.")


def upgrades(case: Case) -> Iterator[Answer]:
    """A release channel: GKE's own default is the regular one; Azure has none, and is asked for. So is the window."""

    def mend(item: Item) -> Iterator[Answer]:
        text, block = block_of(case, item)
        kind, edits = str(item["format"]), list[Splice]()
        if not item.get("channel"):
            if kind == "google_container_cluster":
                edits += text.put(block, ("release_channel",), "channel", '"REGULAR"')
            elif kind == "azurerm_kubernetes_cluster":
                channel = case.answer("channel")
                if channel in _AZURE_CHANNELS:
                    edits += text.put(block, (), "automatic_upgrade_channel", f'"{channel}"')
                else:
                    yield Question("channel", f"Which upgrades does {item['name']} take by itself?", _AZURE_CHANNELS)
            else:
                raise Uneditable("EKS has no channel: a runbook with a section on upgrading does", int(item["line"]))
        if not item.get("maintenance_window"):
            start = case.answer("maintenance_start")
            if kind == "google_container_cluster" and re.fullmatch(r"\d\d:\d\d", start):
                path = ("maintenance_policy", "daily_maintenance_window")
                edits += text.put(block, path, "start_time", f'"{start}"')
            elif kind == "google_container_cluster":
                yield Question("maintenance_start", f"From when may {item['name']} be maintained (UTC, such as 03:00)?")
        if edits:
            yield Edit(str(item["path"]), tuple(edits), f"{item['name']} is upgraded on purpose")

    yield from each(case, case.items, mend)


def access(case: Case) -> Iterator[Answer]:
    """The audit log; from which networks the control plane may be reached is asked for."""

    def mend(item: Item) -> Iterator[Answer]:
        text, block = block_of(case, item)
        kind, edits = str(item["format"]), list[Splice]()
        if item.get("audit_logs") is False:
            if kind != "aws_eks_cluster":
                raise Uneditable("its audit log is a diagnostic setting with a place to keep it", int(item["line"]))
            kinds = sorted({*re.findall(r'"(\w+)"', text.get(block, "enabled_cluster_log_types")), "api", "audit"})
            listed = ", ".join(f'"{one}"' for one in kinds)
            edits += text.put(block, (), "enabled_cluster_log_types", f"[{listed}]")
        if item.get("endpoint_restricted") is False:
            networks = [one.strip() for one in case.answer("authorized_networks").split(",") if one.strip()]
            if networks and all(_CIDR.fullmatch(one) for one in networks):
                edits += _restricted(text, block, kind, networks)
            else:
                asked = f"From which networks is the API of {item['name']} reached (such as 203.0.113.0/24, …)?"
                yield Question("authorized_networks", asked)
        if edits:
            yield Edit(str(item["path"]), tuple(edits), f"the control plane of {item['name']} is audited and not open")

    yield from each(case, case.items, mend)


def _restricted(text: HclText, block: Block, kind: str, networks: Sequence[str]) -> list[Splice]:
    listed = "[" + ", ".join(f'"{one}"' for one in networks) + "]"
    if kind == "aws_eks_cluster":
        return text.put(block, ("vpc_config",), "public_access_cidrs", listed)
    if kind == "azurerm_kubernetes_cluster":
        return text.put(block, ("api_server_access_profile",), "authorized_ip_ranges", listed)
    path = ("master_authorized_networks_config", "cidr_blocks")
    return text.put(block, path, "cidr_block", f'"{networks[0]}"')
