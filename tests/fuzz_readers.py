"""`make fuzz`: coverage-guided fuzzing of every reader by atheris, for as long as it is told. Not a test of the suite.

`python tests/fuzz_readers.py FOLDER -max_total_time=60`: the corpus grows in FOLDER, and begins with the real files of
`mutants.seeds`. The first byte of an input chooses the path it is read under. It ends with 0 when nothing was found;
what makes a reader raise, dwell or grow is left beside it as `crash-…`, `timeout-…` or `oom-…`.
"""

from __future__ import annotations

import sys
from pathlib import Path

import atheris

sys.path[:0] = [str(Path(__file__).parent.parent), str(Path(__file__).parent)]
with atheris.instrument_imports(include=["app.formats", "app.lib", "app.facts.codec"]):
    from app.facts import codec
    from app.formats import reading

import mutants  # noqa: E402

PATHS = (
    *("catalog-info.yaml", "rules.yaml", "a.json", "main.tf", "terraform.tfvars", "docs/runbook.md", "CODEOWNERS"),
    *("charts/x/Chart.yaml", "charts/x/values.yaml", "charts/x/templates/a.yaml", "kustomization.yaml", "a.rules"),
    *("a.libsonnet", "openapi.yaml", "Dockerfile", ".github/workflows/ci.yaml", ".gitlab-ci.yml", "Jenkinsfile"),
)


def one(data: bytes) -> None:
    if data:
        codec.encode_parsed(reading.read(PATHS[data[0] % len(PATHS)], data[1:]))


def plant(corpus: Path) -> None:
    """The real files, each under the kind of path it has."""
    corpus.mkdir(parents=True, exist_ok=True)
    classes = {reading.name_class(path): number for number, path in reversed(list(enumerate(PATHS)))}
    for number, (path, content) in enumerate(mutants.seeds()):
        kind = classes.get(reading.name_class(path), 0)
        (corpus / f"seed-{number:03}").write_bytes(bytes([kind]) + content)


if __name__ == "__main__":
    plant(Path(sys.argv[1]))
    atheris.Setup([*sys.argv, "-timeout=10", "-rss_limit_mb=1024", "-max_len=20000"], one)
    atheris.Fuzz()
