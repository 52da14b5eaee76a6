"""Which paths never count in a check, and why: vendored trees, test data, template skeletons.

Such objects are read all the same and shown with their reason. Rules, objectives and pages in a plain `examples/`
count: in tool repositories they are what there is, and in others they are real. Workloads, databases and clusters
there do not: nobody runs a service from its examples.
"""

from __future__ import annotations

import re
from functools import lru_cache
from itertools import pairwise

_FOLDERS = {
    **dict.fromkeys(("vendor", "node_modules", "third_party", "third-party", "godeps", "bower_components"), "vendored"),
    **dict.fromkeys((".venv", "venv", "site-packages", ".terraform", ".git"), "vendored"),
    **dict.fromkeys(
        ("testdata", "test-data", "test_data", "fixtures", "__fixtures__", "__tests__", "__snapshots__"), "test data"
    ),
    **dict.fromkeys(("test", "tests", "unittests", "e2e", "golden", "fake", "fakes", "mock", "mocks"), "test data"),
    **dict.fromkeys(
        ("skeleton", "skeletons", "scaffolder-templates", "cookiecutter", "archetype-resources"), "a template"
    ),
}
_SENTENCES = {
    "vendored": "lies in a vendored tree ({})",
    "test data": "is test data ({})",
    "a template": "is part of a template skeleton ({})",
}
_TEST_FILE = re.compile(r"[-_.]tests?\.(ya?ml|json)$")
_SPECS = frozenset(("support", "factories", "cassettes", "dummy", "data", "files", "requests", "features"))
"""What Ruby keeps beside its specs. A `spec/` with anything else holds specifications: OpenAPI, SLOs, alerts."""
_PLACEHOLDER = re.compile(r"\$\{\{|\{\{|\{%")
_TEMPLATE_CONTENT = re.compile(r"(^|/)(templates?|template)/(content|skeleton|template)(/|$)")


_DEVELOPERS = frozenset(("hack", "devenv", ".devcontainer"))
_SAMPLES = frozenset(("example", "examples", "sample", "samples", "tutorial", "tutorials", "quickstart", "quickstarts"))
_OF_SAMPLES = re.compile(rf"({'|'.join(sorted(_SAMPLES))})([-_](manifests?|k8s|kubernetes|yamls?))?", re.IGNORECASE)
"""`samples`, `sample-manifests`; not `sample-service` or `example-app`, which may be what a service is called."""
_DOCUMENTATION = frozenset(("doc", "docs", "documentation", "website"))
_FAKE = re.compile(r"(?:[\w.-]*[-_.])?(?:fakes?|mocks?|dummy)(?:[-_.][\w.-]*)?\.(ya?ml|json)", re.IGNORECASE)
"""Files named for what stands in for the real thing: `fake-teams-api.yaml`."""
_UPSTREAM = re.compile(r"(^|/)(?<!overlays/)upstream/", re.IGNORECASE)
"""Where overlays keep a copy of what others release (kubeflow/manifests); an overlay may be called so, too."""


def of_infrastructure(path: str) -> str:
    """Why no workload, database or cluster under this path counts, or "" when it does."""
    *folders, name = path.split("/")
    if why := reason(path):
        return why
    for folder in folders:
        if folder.lower() in _DEVELOPERS:
            return f"is for developers ({folder}/)"
        if _OF_SAMPLES.fullmatch(folder):
            return f"is an example ({folder}/)"
        if folder.lower() in _DOCUMENTATION:
            return f"is documentation ({folder}/)"
    if _FAKE.fullmatch(name):
        return f"stands in for something in tests ({name})"
    return "is a copy of what others release (upstream/)" if _UPSTREAM.search(path) else ""


_DEVELOPMENT = r"(dev|develop|development|devcontainer|local|debug|tests?|testing|e2e|ci|lint|docs?)"
_DEVELOPMENT_NAME = re.compile(rf"([\w-]+[-_.])?{_DEVELOPMENT}([-_.][\w.-]*)?", re.IGNORECASE)
_DEVELOPMENT_FOLDER = re.compile(
    rf"(^|/)(\.(devcontainer|gitpod|github|gitlab|circleci|buildkite)(/.*)?|{_DEVELOPMENT})$", re.IGNORECASE
)
_BUILD = re.compile(r"[-_.]?(dockerfile|containerfile)$|^(dockerfile|containerfile)[-_.]?", re.IGNORECASE)


def of_build(path: str) -> str:
    """Why no Dockerfile at this path counts, or "" when it does: one for development makes nothing that is deployed."""
    if why := of_infrastructure(path):
        return why
    folder, _, name = path.rpartition("/")
    if _DEVELOPMENT_FOLDER.search(folder):
        return f"builds no image that is deployed ({folder}/)"
    return f"builds no image that is deployed ({name})" if _DEVELOPMENT_NAME.fullmatch(_BUILD.sub("", name)) else ""


@lru_cache(maxsize=65536)
def reason(path: str) -> str:
    """Why nothing under this path counts, or "" when it does. `path` is relative to the repository, with `/`."""
    *folders, name = path.split("/")
    for folder in folders:
        kind = _FOLDERS.get(folder.lower())
        if kind:
            return _SENTENCES[kind].format(f"{folder}/")
    for folder, below in pairwise(folders):
        if folder.lower() == "spec" and below.lower() in _SPECS:
            return _SENTENCES["test data"].format(f"{folder}/{below}/")
    if _TEST_FILE.search(name.lower()):
        return _SENTENCES["test data"].format(name)
    if _PLACEHOLDER.search(path) or _TEMPLATE_CONTENT.search("/".join(folders)):
        return _SENTENCES["a template"].format("its path is a template")
    return ""
