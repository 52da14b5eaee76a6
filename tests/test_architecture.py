"""Imports point one way, and each library has one door."""

import ast
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
LAYERS = [
    ("errors",),
    ("lib",),
    ("settings", "slo"),
    ("clients",),
    ("catalog", "formats", "repos"),
    ("attribution", "identity"),
    ("facts",),
    ("policy",),
    ("store",),
    ("jobs", "notifications", "remediation", "golden_paths"),
    ("pipeline", "webhooks"),
    ("sources", "log", "sample"),
    ("services",),
    ("api",),
    ("dashboards",),
    ("web",),
    ("processes",),
    ("cli",),
]
RANK = {name: rank for rank, names in enumerate(LAYERS) for name in names}
DOORS = {
    "cel_expr_python": {"policy/rules.py"},
    # parsing goes through promql.parse alone; the others only name the nodes of its tree
    "promql_parser": {
        "formats/promql.py",
        "formats/burn_rates.py",
        "formats/promql_labels.py",
        "formats/pyrra.py",
        "formats/slo_queries.py",
    },
    "yaml": {"lib/documents.py", "lib/document_builder.py", "lib/yaml_nodes.py"},
    "codeowners": {"formats/code_owners.py"},
    "markdown_it": {"formats/runbooks.py", "lib/markup.py"},
    "nh3": {"lib/markup.py"},
    "orjson": {"lib/json_text.py"},
    "git": {"repos/layout.py"},
    "waitress": {"processes/embedded.py"},
    "granian": {"processes/production.py"},
    "redis": {"clients/redis_connection.py", "clients/redis_limiter.py", "jobs/redis_hints.py"},
    "prometheus_client": {"jobs/metrics.py", "api/metrics.py", "processes/work.py"},
    "jwt": {"identity/web_tokens.py", "clients/github_app.py"},
    "pygal": {"dashboards/charts.py"},
    "jinja2": {"golden_paths/rendering.py"},
}
ENTRY = {"flask", "flask_smorest", "werkzeug"}
MODULES = sorted((ROOT / "app").rglob("*.py"))


def imports(path: Path) -> set[str]:
    found = set()
    for node in ast.walk(ast.parse(path.read_text("utf-8"))):
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module:
            found |= {node.module} | {f"{node.module}.{alias.name}" for alias in node.names}
    return found


def package(name: str) -> str:
    return name.split(".")[1] if name.startswith("app.") else ""


@pytest.mark.parametrize("path", MODULES, ids=lambda path: path.relative_to(ROOT / "app").as_posix())
def test_imports_point_one_way_and_libraries_have_one_door(path):
    own = path.relative_to(ROOT / "app").as_posix()
    mine = own.split("/")[0].removesuffix(".py")
    for name in imports(path):
        other = package(name)
        if other in RANK and mine in RANK and other != mine:
            assert RANK[other] < RANK[mine], f"{own} imports {name}: against the direction"
        top = name.split(".")[0]
        assert own in DOORS.get(top, {own}), f"{own} imports {top}: use its door, {DOORS.get(top)}"
        if top in ENTRY:
            assert mine in ("api", "dashboards", "web", "processes", "cli"), f"{own} imports {top}"


def test_every_module_says_what_it_is_for():
    assert [
        str(p.relative_to(ROOT))
        for p in MODULES
        if p.stat().st_size > 400 and not ast.get_docstring(ast.parse(p.read_text()))
    ] == []


def test_only_the_module_of_real_parts_skips():
    skipping = [
        str(path.relative_to(ROOT))
        for path in (ROOT / "tests").rglob("*.py")
        if "pytest.skip(" in path.read_text("utf-8") or "mark.skip" in path.read_text("utf-8")
    ]
    assert set(skipping) <= {"tests/real_parts.py", "tests/test_architecture.py"}
