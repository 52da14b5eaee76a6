"""The original Tech Insights backend as a peer: a catalog of components, three retrievers, ten boolean checks, no auth.

`ROADWORTHY_BENCH_PEER=DIR make bench` takes it from DIR, a folder outside the repository, and builds it there from npm
the first time (about 370 MB, minutes, and a compiler for SQLite). Without the setting that comparison is left out, and
the benchmark says so by name.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path

import requests

from bench.servers import free_port, process

FOLDER = "ROADWORTHY_BENCH_PEER"
NAME = "@backstage-community/plugin-tech-insights-backend 3.1.0"
HOW = f"set {FOLDER} to a folder where it is, or where it may be built from npm"
_RESTS_AFTER = 300.0
"""Seconds after its start: the last of its collections has ended."""
_BUILT = "node_modules/better-sqlite3/build/Release/better_sqlite3.node"
RUN = "/api/tech-insights/checks/run/default/Component/svc-00001"
_METADATA, _OWNERSHIP, _DOCS = "entityMetadataFactRetriever", "entityOwnershipFactRetriever", "techdocsFactRetriever"
_CHECKS = {
    "titleCheck": ("Title", _METADATA, ["hasTitle"]),
    "descriptionCheck": ("Description", _METADATA, ["hasDescription"]),
    "tagsCheck": ("Tags", _METADATA, ["hasTags"]),
    "ownerCheck": ("Owner", _OWNERSHIP, ["hasOwner"]),
    "groupOwnerCheck": ("Group owner", _OWNERSHIP, ["hasGroupOwner"]),
    "docsCheck": ("Docs", _DOCS, ["hasAnnotationBackstageIoTechdocsRef"]),
    "otherDocsCheck": ("Docs elsewhere", _DOCS, ["hasAnnotationBackstageIoTechdocsEntity"]),
    "describedCheck": ("Described", _METADATA, ["hasTitle", "hasDescription"]),
    "findableCheck": ("Findable", _METADATA, ["hasTags", "hasDescription"]),
    "ownedCheck": ("Owned by a group", _OWNERSHIP, ["hasOwner", "hasGroupOwner"]),
}


def folder() -> Path | None:
    """Where it is installed, built now if need be; None where nobody asked for it. Raises CalledProcessError."""
    said = os.environ.get(FOLDER, "")
    if not said:
        return None
    home = Path(said).resolve()
    if not (home / _BUILT).is_file():
        _build(home)
    return home


def _build(home: Path) -> None:
    """npm runs no script of any package but SQLite's, which is compiled against this machine's Node."""
    print(f"building the original backend from npm in {home}: this takes minutes", file=sys.stderr)
    home.mkdir(parents=True, exist_ok=True)
    for name in ("package.json", "index.js"):
        shutil.copy(Path(__file__).parent / name, home / name)
    quiet = ["--no-audit", "--no-fund", "--silent"]
    subprocess.run(["npm", "install", "--ignore-scripts", *quiet], cwd=home, check=True)
    headers = {"npm_config_nodedir": "/usr"} if Path("/usr/include/node/node.h").exists() else {}
    subprocess.run(["npm", "rebuild", "better-sqlite3", *quiet], cwd=home, check=True, env={**os.environ, **headers})


@contextmanager
def running(home: Path, components: int) -> Iterator[str]:
    """Yields its base URL once every component has facts of every retriever."""
    port, began = free_port(), time.monotonic()
    base = f"http://127.0.0.1:{port}"
    _configure(home, base, port, components)
    command = ["node", "index.js", "--config", "app-config.yaml"]
    with process(
        command, f"{base}/api/tech-insights/checks", {**os.environ, "NODE_ENV": "production", "TZ": "UTC"}, home
    ):
        until = time.monotonic() + 600
        while _ready(base) < components:
            if time.monotonic() > until:
                raise RuntimeError("the peer has not collected its facts in ten minutes")
            time.sleep(5)
        time.sleep(max(0.0, _RESTS_AFTER - (time.monotonic() - began)))
        yield base


def _ready(base: str) -> int:
    """How many components have results of all ten checks."""
    answer = requests.post(f"{base}/api/tech-insights/checks/run", json={"entities": []}, timeout=120)
    rows = answer.json() if answer.status_code == 200 else []
    return sum(1 for row in rows if row["entity"].startswith("component:") and len(row["results"]) == len(_CHECKS))


def _configure(home: Path, base: str, port: int, components: int) -> None:
    documents = [
        "apiVersion: backstage.io/v1alpha1\nkind: Group\nmetadata: {name: team}\nspec: {type: team, children: []}\n"
    ]
    for number in range(components):
        documents.append(
            "apiVersion: backstage.io/v1alpha1\nkind: Component\n"
            f"metadata: {{name: svc-{number:05}, description: A service, tags: [java]}}\n"
            "spec: {type: service, lifecycle: production, owner: 'group:team'}\n"
        )
    (home / "entities.yaml").write_text("---\n".join(documents), "utf-8")
    shutil.rmtree(home / "db", ignore_errors=True)  # an ingestion cut short would be taken up again twelve hours later
    (home / "db").mkdir()
    soon = [(datetime.now(UTC) + timedelta(minutes=minutes)).minute for minutes in (1, 2, 4)]
    cadence = f"{','.join(map(str, soon))} * * * *"  # then it rests: collecting would slow what is measured
    retrievers = {
        name: {"cadence": cadence, "lifecycle": {"timeToLive": {"weeks": 2}}} for name in (_METADATA, _OWNERSHIP, _DOCS)
    }
    settings = {
        "app": {"baseUrl": base},
        "backend": {
            "baseUrl": base,
            "listen": {"host": "127.0.0.1", "port": port},
            "database": {"client": "better-sqlite3", "connection": {"directory": "./db"}},
            "auth": {"dangerouslyDisableDefaultAuthPolicy": True},
        },
        "catalog": {
            "processingInterval": {"hours": 12},
            "rules": [{"allow": ["Component", "Group", "Location"]}],
            "locations": [{"type": "file", "target": "./entities.yaml"}],
        },
        "techInsights": {"factRetrievers": retrievers, "factChecker": {"checks": _rules()}},
    }
    (home / "app-config.yaml").write_text(json.dumps(settings), "utf-8")


def _rules() -> dict[str, object]:
    return {
        id_: {
            "type": "json-rules-engine",
            "name": name,
            "description": f"{name}: what the catalog says of it",
            "factIds": [retriever],
            "metadata": {"category": "Catalog", "rank": 1},
            "rule": {"conditions": {"all": [{"fact": fact, "operator": "equal", "value": True} for fact in facts]}},
        }
        for id_, (name, retriever, facts) in _CHECKS.items()
    }
