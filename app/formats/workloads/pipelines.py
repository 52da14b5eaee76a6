"""Steps of a pipeline that deploy, and whose own text lies in another repository: orbs, reusable workflows, includes.

What such a step does can't be read here. Where it deploys a chart it may name the version of its images, as most do, so
the tag that stands in the chart's values is not what runs for certain. `tagging` asks for it.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any

from app.formats.slo_common import mapping, sequence, short, text
from app.lib.documents import line_of

_WORD = r"(?:^|[/._-])(?:{})(?=$|[/._-])"
_DEPLOYS = re.compile(
    _WORD.format(r"deploy\w*|rollout|promote\w*|upgrade|auto-deploy|auto-devops|update-container-image")
)
_ELSEWHERE = re.compile(
    _WORD.format(
        r"docs?|pages|gh-pages|site|website|storybook|npm|pypi|maven|lambda|netlify|vercel|tests?|e2e|previews?"
    )
)
"""What is deployed there is no container, or serves nobody."""
_NAMES_IMAGE = re.compile(r"image|(?:^|[-_])tag(?:$|[-_])", re.IGNORECASE)
_REUSED = re.compile(r"^[^./][^/]*/[^/]+/\.(?:github|gitea|forgejo)/workflows/")
_MOST = 500
Step = tuple[int, str]
"""The line of a step, and what it is called."""


def opaque_steps(document: Any) -> Iterator[Step]:
    """Of CircleCI, GitHub Actions (and those like it) and GitLab, by the shape of their files."""
    if not isinstance(document, dict):
        return
    if isinstance(document.get("orbs"), dict):
        yield from _of_orbs(document)
    elif isinstance(document.get("jobs"), dict) and "on" in document:
        yield from _of_workflow(document["jobs"])
    elif isinstance(document.get("include"), list | dict | str) and ("stages" in document or "variables" in document):
        yield from _of_includes(document)


def _deploys(name: str) -> bool:
    """Whether a step of this name puts containers somewhere."""
    said = name.lower()
    return bool(_DEPLOYS.search(said)) and not _ELSEWHERE.search(said)


def _of_orbs(document: Mapping[str, Any]) -> Iterator[Step]:
    """Jobs and commands that a published orb brings; one written in the file can be read there."""
    elsewhere = {name for name, orb in mapping(document, "orbs").items() if isinstance(orb, str)}
    lists = [sequence(flow, "jobs") for flow in mapping(document, "workflows").values()]
    lists += [sequence(job, "steps") for job in mapping(document, "jobs").values()]
    for steps in lists[:_MOST]:
        for index, step in enumerate(steps[:_MOST]):
            name = next(iter(step), "") if isinstance(step, dict) else step
            orb, slash, own = name.partition("/") if isinstance(name, str) else ("", "", "")
            if slash and orb in elsewhere and _deploys(own):
                yield line_of(steps, index), f"{short(name)}, of an orb"


def _of_workflow(jobs: Mapping[str, Any]) -> Iterator[Step]:
    for name, job in list(jobs.items())[:_MOST]:
        used = text(job, "uses")
        if _REUSED.match(used) and (_deploys(used.partition("@")[0]) or _deploys(name)):
            yield line_of(job, "uses"), f"the workflow {short(used)}"
        for step in sequence(job, "steps")[:_MOST]:
            action = text(step, "uses").partition("@")[0]
            names = any(_NAMES_IMAGE.search(key) for key in mapping(step, "with"))
            if names and not action.startswith("./") and _deploys(action):
                yield line_of(step, "uses"), f"the action {short(action)}"


def _of_includes(document: Mapping[str, Any]) -> Iterator[Step]:
    included = document["include"]
    for index, one in enumerate(included[:_MOST] if isinstance(included, list) else [included]):
        if isinstance(one, dict):
            named = next((text(one, key) for key in ("component", "template", "remote", "file") if text(one, key)), "")
            named = named or " ".join(str(file) for file in sequence(one, "file")[:_MOST])
        else:
            named = one if isinstance(one, str) and "://" in one else ""
        if _deploys(named):
            line = line_of(included, index) if isinstance(included, list) else line_of(document, "include")
            yield line, f"the include {short(named)}"
