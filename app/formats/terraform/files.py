"""Reader of `.tf` and `.tfvars` files: only blocks that matter are parsed, and nothing secret is kept of them."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from app.formats.model import Parsed, Unreadable
from app.formats.terraform import hcl
from app.formats.terraform.cutting import Cut, attributes, cut
from app.formats.terraform.model import TerraformFile

NAME = "terraform"
MOST_PARSED = 64 * 1024
"""Bytes of one file that are parsed; what lies beyond is told as unreadable."""
_DATABASES = (
    *("aws_db_instance", "aws_rds_cluster", "aws_rds_cluster_instance", "aws_dynamodb_table"),
    *("google_sql_database_instance", "azurerm_postgresql_flexible_server", "azurerm_mysql_flexible_server"),
    "azurerm_management_lock",
)
_ALARMS = ("aws_cloudwatch_metric_alarm", "google_monitoring_alert_policy", "azurerm_monitor_metric_alert")
_CLUSTERS = (
    *("aws_eks_cluster", "aws_eks_node_group", "google_container_cluster", "google_container_node_pool"),
    *("azurerm_kubernetes_cluster", "azurerm_kubernetes_cluster_node_pool"),
    *("azurerm_monitor_diagnostic_setting", "google_gke_backup_backup_plan"),
)
GROUPS: Mapping[str, str] = {
    **dict.fromkeys((*_DATABASES, *_ALARMS), "database"),
    **dict.fromkeys(_CLUSTERS, "cluster"),
}
"""Resource type → the fact group that it belongs to. Other resources are not parsed."""
_MODULES: Mapping[str, frozenset[str]] = {
    "database": frozenset(
        ("rds", "aurora", "dynamodb", "sql", "cloudsql", "postgres", "postgresql", "mysql", "mariadb", "database", "db")
    ),
    "cluster": frozenset(("eks", "gke", "aks", "kubernetes", "k8s")),
}
"""Fact group → words in the name of a module that makes such a thing."""
_BESIDE = frozenset(
    (
        *(
            "proxy",
            "iam",
            "role",
            "roles",
            "identity",
            "pod",
            "addon",
            "addons",
            "irsa",
            "user",
            "users",
            "grants",
            "auth",
        ),
        *("karpenter", "node", "nodes", "group", "groups", "security", "subnet", "alarms", "monitoring", "role"),
    )
)
"""Words of modules that only go with one."""
_SOURCE = re.compile(r'^\s*source\s*=\s*"([^"\n]{1,300})"', re.MULTILINE)
_SECRET = re.compile(r"(?i)passw|secret|token|credential|private|api_?key|access_?key|cert|connection_string|user_data")
_DEFAULT = re.compile(r"^\s*default\s*=", re.MULTILINE)


def wants(path: str) -> bool:
    return path.endswith((".tf", ".tofu", ".tfvars"))


def read(text: str, *, values: bool) -> Parsed:
    """What one file holds. `values`: it is a tfvars file, which only assigns variables."""
    return _values(text) if values else _blocks(text)


def _blocks(text: str) -> Parsed:
    reading = _Reading()
    for block in cut(text):
        reading.take(block)
    part = TerraformFile(
        line=1,
        resources=tuple(reading.resources),
        modules=tuple(reading.modules),
        variables=reading.variables,
        local_values=reading.local_values,
        values={},
    )
    says = part.resources or part.modules or part.variables or part.local_values
    return Parsed((part,) if says else (), unreadable=tuple(reading.unreadable))


class _Reading:
    """What has been gathered of one file."""

    def __init__(self) -> None:
        self.resources: list[dict[str, Any]] = []
        self.modules: list[dict[str, Any]] = []
        self.variables: dict[str, Any] = {}
        self.local_values: dict[str, Any] = {}
        self.unreadable: list[Unreadable] = []
        self.parsed = 0

    def take(self, block: Cut) -> None:
        if block.kind == "resource" and len(block.labels) == 2 and block.labels[0] in GROUPS:
            self._resource(block)
        elif block.kind == "module" and block.labels:
            self._module(block)
        elif block.kind == "variable" and block.labels:
            self._variable(block)
        elif block.kind == "locals" and (body := self._body(block, "")) is not None:
            self.local_values |= {name: _safe(name, value) for name, (_, value) in body.attributes.items()}

    def _resource(self, block: Cut) -> None:
        body = self._body(block, GROUPS[block.labels[0]])
        if body is not None:
            self.resources.append(
                {**_plain(body), "kind": block.labels[0], "name": block.labels[1], "line": block.line}
            )

    def _module(self, block: Cut) -> None:
        """A call of a folder of this repository is followed; one of a published module hides what it makes."""
        source = _SOURCE.search(block.text)
        written = source[1] if source else ""
        if written.startswith("."):
            body = self._body(block, "")
            if body is not None:
                self.modules.append({**_plain(body), "kind": written, "name": block.labels[0], "line": block.line})
            return
        words = _words(written)
        for group, makes in _MODULES.items():
            if makes & words and not _BESIDE & words:
                reason = f"it is made by the module {written}, which is not followed"
                self.unreadable.append(Unreadable(group, block.line, reason))
                return

    def _variable(self, block: Cut) -> None:
        name = block.labels[0]
        body = self._body(block, "") if _DEFAULT.search(block.text) else None
        default = body.attributes.get("default") if body else None
        self.variables[name] = [_safe(name, default[1])] if default else []

    def _body(self, block: Cut, group: str) -> hcl.Body | None:
        """The block's body, or None where it can't be read; told where a fact group is concerned."""
        self.parsed += len(block.text)
        try:
            if self.parsed > MOST_PARSED:
                raise hcl.HclError(f"stands behind {MOST_PARSED // 1024} KiB of other blocks in its file")
            (found,) = hcl.parse(block.text, block.line).blocks
        except (hcl.HclError, ValueError) as error:
            if group:
                self.unreadable.append(Unreadable(group, block.line, str(error)))
            return None
        return found.body


def _words(source: str) -> frozenset[str]:
    """The words of a module's own name: `acme/rds-aurora/aws` gives rds and aurora, a git URL its repository's."""
    path = re.sub(r"^git::|[?].*$", "", source)
    host, scheme, rest = path.partition("://")
    whole, _, inner = (rest if scheme else host).partition("//")
    parts = whole.removesuffix(".git").split("/")
    name = parts[1] if len(parts) == 3 and not scheme else parts[-1]
    return frozenset(re.split(r"[-_.]", f"{name}-{inner.rpartition('/')[2]}".lower())) - {""}


def _plain(body: hcl.Body) -> dict[str, Any]:
    return {
        "attributes": {name: [line, _safe(name, value)] for name, (line, value) in body.attributes.items()},
        "blocks": [
            {**_plain(one.body), "kind": one.kind, "labels": list(one.labels), "line": one.line} for one in body.blocks
        ],
    }


def _safe(name: str, value: Any) -> Any:
    """The expression, unless its name says that it may be a secret."""
    return hcl.UNSEEN if _SECRET.search(name) and not isinstance(value, bool | int | None) else value


def _values(text: str) -> Parsed:
    values: dict[str, Any] = {}
    parsed = 0
    for line, written in attributes(text):
        parsed += len(written)
        name = written.partition("=")[0].strip().strip('"')
        if parsed > MOST_PARSED:
            break
        try:
            body = hcl.parse(written if written.endswith("\n") else f"{written}\n", line)
        except hcl.HclError:
            values[name] = hcl.UNSEEN
            continue
        values |= {name: _safe(name, value) for name, (_, value) in body.attributes.items()}
    part = TerraformFile(line=1, variables={}, local_values={}, values=values)
    return Parsed((part,) if values else ())
