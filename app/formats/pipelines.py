"""Reader of CI configurations: does something run tests for a change before it is merged? Nothing is ever run.

GitHub Actions (and Gitea's and Forgejo's, which read the same files) and GitLab CI are read step by step; of other
services the file is looked through as text. A step that calls a script may test or not: that is told as unknown.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from app.formats.model import Pipeline
from app.formats.slo_common import mapping, sequence, short, text
from app.lib.documents import Document, line_of

_ACTIONS = re.compile(r"\.(github|gitea|forgejo)/workflows/[^/]+\.ya?ml")
_JENKINS = re.compile(r"(?:[^/]+/){0,6}jenkinsfile(?:[.-][\w.-]+)?")
_CLOUD_BUILD = re.compile(r"(?:[^/]+/){0,6}cloudbuild[\w.-]*\.ya?ml|(?:\.github/|\.)cloudbuild/[^/]+\.ya?ml")
_SYSTEMS: Mapping[str, str] = {
    ".gitlab-ci.yml": "gitlab_ci",
    ".gitlab-ci.yaml": "gitlab_ci",
    ".circleci/config.yml": "circleci",
    "azure-pipelines.yml": "azure_pipelines",
    "azure-pipelines.yaml": "azure_pipelines",
    "bitbucket-pipelines.yml": "bitbucket_pipelines",
    ".travis.yml": "travis",
    ".buildkite/pipeline.yml": "buildkite",
    ".buildkite/pipeline.yaml": "buildkite",
    ".drone.yml": "drone",
    ".woodpecker.yml": "woodpecker",
    ".woodpecker.yaml": "woodpecker",
    ".cirrus.yml": "cirrus",
    "appveyor.yml": "appveyor",
    ".semaphore/semaphore.yml": "semaphore",
    ".prow.yaml": "prow",
    "zuul.yaml": "zuul",
    ".zuul.yaml": "zuul",
    "buildspec.yml": "codebuild",
    "earthfile": "earthly",
}
"""File, from the repository's root and in lower case → the service that reads it."""
_STARTED = frozenset(("pull_request", "pull_request_target", "merge_group"))
_MOST = 500
_LONGEST = 20_000
_WIDEST = 300
_MOST_LINES = 2_000
# These four stay text until they are asked: compiling them takes 15 ms, and many a repository that is checked asks
# none of them. `re` keeps what it has compiled.
_TESTS = (
    r"\b("
    r"pytest|tox|nox|unittest|gotestsum|ginkgo|rspec|phpunit|ctest|bats|jest|vitest|mocha|terratest|behave|testthat"
    r"|(go|cargo|dotnet|swift|flutter|dart|mix|lein|stack|cabal|deno|bun|rails|helm unit|opa|conftest|terraform|tofu"
    r"|promtool|playwright|zig|gleam|forge|hardhat|bazel|bazelisk|just|task|pulumi|sbt|poe|hatch|pdm run|rye|nx) test"
    r"|cargo nextest|cypress run|nix flake check|R CMD check|prove"
    r"|(npm|pnpm|yarn|bun|composer|deno task|moon)( run)? ([\w:-]*:)?(t|tests?|check|verify)\b"
    r"|(mvnw?|\./mvnw)\b[^\n&|;]*\b(test|verify|install|package|deploy)"
    r"|(gradlew?|\./gradlew)\b[^\n&|;]*\b(\w*[tT]est|check|build)"
    r"|(make|rake|invoke|inv|scons|mage|mise run|bin/rails) ([\w.:/=-]+ )*"
    r"(tests?[-_.:/][\w.:/-]*|([\w.:/-]*[-_.:/])?(tests?|check|verify|spec|unittests?))"
    r")(?![\w-])"
)
_INSTALLED = (
    r"\b(pip3?|pipx|npm|pnpm|yarn|apt|apt-get|apk|dnf|yum|brew|gem|go|cargo|poetry|uv|conda|mamba|rustup|composer|choco)"
    r"( [\w./-]+)* (install|add|get|i)\b[^\n;&|]*"
)
"""Tools that are only brought, not run."""
_NAMED = (
    r"(?i)^(?!.*\b(install|set ?up|prepare|download|upload|publish|cache|tools?|dependencies|results?|reports?)\b)"
    r".*\b(tests?|testing|specs?|unit|integration|e2e)\b"
)
"""Names of steps and jobs that test, and don't only make ready for it or tell of it."""
_OPAQUE = (
    r"(?m)(^|[\s;&|])((bash|sh|python3?|node|ruby|pwsh) (-\w+ )*)?(\./|[\w./-]+/)?[\w./-]+\.(sh|py|js|rb|ps1)\b"
    r"|(^|[;&|])[ \t]*\./[\w-][\w./-]*|\b(make|rake|just|task|mage|invoke|inv|npm run|yarn|pnpm|nix|earthly|dagger)\b"
)
"""A script of the repository's own, or a target that only its file explains."""


def system_of(path: str) -> str:
    """The CI service that reads this file; "" where none does."""
    lowered = path.lower()
    if _ACTIONS.fullmatch(lowered):
        return "github_actions"
    if "jenkinsfile" in lowered and _JENKINS.fullmatch(lowered):
        return "jenkins"
    return "cloud_build" if "cloudbuild" in lowered and _CLOUD_BUILD.fullmatch(lowered) else _SYSTEMS.get(lowered, "")


def read(system: str, documents: Sequence[Document], data: bytes) -> Iterator[Pipeline]:
    """The pipeline that a file holds; none where it holds only pieces for others."""
    found = next((one for one in documents if isinstance(one.value, dict) and one.error is None), None)
    if system == "github_actions":
        if found is not None and isinstance(found.value.get("jobs"), dict):
            yield _workflow(found)
    elif system == "gitlab_ci" and found is not None:
        yield _gitlab(found)
    else:
        yield _by_text(system, data.decode("utf-8", "replace")[: 10 * _LONGEST])


def _workflow(document: Document) -> Pipeline:
    value = document.value
    events = _events(value.get("on"))
    tests, opaque = "", ""
    whole = text(value, "name")
    for name, job in list(mapping(value, "jobs").items())[:_MOST]:
        if isinstance(called := job.get("uses") if isinstance(job, dict) else None, str):
            opaque = opaque or f"it calls {short(called)}, which is not looked into"
        for step in sequence(job, "steps")[:_MOST]:
            script = text(step, "run")[:_LONGEST]
            tests = tests or _tested(script, text(step, "name"))
            opaque = opaque or _hidden(script, text(step, "uses"))
        if not tests and sequence(job, "steps") and _is_named(f"{name} {text(job, 'name')}"):
            tests = f"job {short(name)}"
        if not tests and any(text(step, "run") for step in sequence(job, "steps")) and _is_named(whole):
            tests = f"workflow {short(whole)}"
    return Pipeline(
        line=line_of(value, "jobs"),
        system="github_actions",
        name=short(whole),
        before_merge=bool(_STARTED & set(events)) or _pushed_anywhere(events.get("push", False)),
        tests=tests,
        unknown={"tests": opaque} if opaque and not tests else {},
    )


def _events(value: Any) -> dict[str, Any]:
    """Event → its filter."""
    if isinstance(value, dict):
        return {str(name): found for name, found in value.items()}
    named = value if isinstance(value, list) else [value]
    return {str(name): None for name in named}


def _pushed_anywhere(push: Any) -> bool:
    """A push to any branch, which is before a merge; one to named branches or tags comes after it."""
    if push is None:
        return True
    if not isinstance(push, dict):
        return False
    branches = sequence(push, "branches")
    return any(str(one) in ("*", "**") for one in branches) or not (branches or push.get("tags"))


_NO_JOBS = frozenset(
    ("stages", "variables", "default", "include", "workflow", "image", "services", "cache", "before_script")
) | {"after_script", "spec", "pages"}


def _gitlab(document: Document) -> Pipeline:
    """Jobs run for every push unless rules of theirs say that they are for the default branch or for tags alone."""
    value = document.value
    tests, opaque = "", ""
    if value.get("include") is not None:
        opaque = "it includes other files, which are not looked into"
    for name, job in list(value.items())[:_MOST]:
        if name in _NO_JOBS or not isinstance(job, dict) or str(name).startswith(".") or _is_after_merge(job):
            continue
        script = "\n".join(map(str, _flat(job.get("script"))))[:_LONGEST]
        tests = tests or _tested(script, f"{name} {text(job, 'stage')}" if script else "")
        opaque = opaque or _hidden(script, "")
    return Pipeline(
        line=document.line,
        system="gitlab_ci",
        name="",
        before_merge=True,
        tests=tests,
        unknown={"tests": opaque} if opaque and not tests else {},
    )


def _flat(value: Any) -> list[Any]:
    if isinstance(value, list):
        return [part for one in value[:_MOST] for part in (one if isinstance(one, list) else [one])]
    return [] if value is None else [value]


def _is_after_merge(job: Mapping[str, Any]) -> bool:
    only = job.get("only")
    named = [str(one) for one in (only if isinstance(only, list) else [only])] if only else []
    if named and all(one in ("main", "master", "tags", "$CI_DEFAULT_BRANCH") for one in named):
        return True
    conditions = [text(rule, "if") for rule in sequence(job, "rules")]
    return bool(conditions) and all(
        re.search(r"CI_COMMIT_TAG|CI_COMMIT_BRANCH\s*==\s*[\"']?(\$CI_DEFAULT_BRANCH|main|master)", one)
        for one in conditions
    )


def _tested(script: str, name: str) -> str:
    """The command that tests, or the step whose name says that it does; "" for neither."""
    if match := re.search(_TESTS, _uncommented(script)):
        return short(match[0].strip())
    return f"step {short(name)}" if script and _is_named(name) else ""


def _is_named(name: str) -> bool:
    return re.search(_NAMED, name[:_WIDEST].replace("_", " ").replace("-", " ")) is not None


def _hidden(script: str, action: str) -> str:
    """Why it can't be told whether a step tests."""
    if match := re.search(_OPAQUE, _uncommented(script)):
        return f"it runs {short(match[0].strip())}, which is not looked into"
    local = action.startswith("./")
    return f"it uses {short(action)}, which is not looked into" if local else ""


def _uncommented(script: str) -> str:
    """The script without comments and without what it only installs. Lines are cut: what they cost grows faster than
    they do."""
    lines = (line[:_WIDEST] for line in script.splitlines()[:_MOST_LINES] if not line.lstrip().startswith("#"))
    return re.sub(_INSTALLED, "", "\n".join(lines))


def _by_text(system: str, content: str) -> Pipeline:
    """Of a service whose files are not read step by step: whether a test is named in them at all."""
    match = re.search(_TESTS, _uncommented(content))
    line = content.count("\n", 0, max(content.find(match[0]), 0)) + 1 if match else 1
    return Pipeline(
        line=line,
        system=system,
        before_merge=True,
        tests=short(match[0].strip()) if match else "",
        unknown={} if match else {"tests": f"what {system.replace('_', ' ')} runs is not looked into further"},
    )
