"""What a forge's runner does with a composite action or a job's script: expressions filled in, each step in a shell."""

from __future__ import annotations

import os
import re
import subprocess
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

import yaml


@dataclass
class Ran:
    """`code` of the first step that failed, else 0; `outputs` and `summary` as the steps wrote them."""

    code: int
    printed: str
    outputs: dict[str, str] = field(default_factory=dict)
    summary: str = ""


def environment(**more: str) -> dict[str, str]:
    kept = {name: text for name, text in os.environ.items() if not name.startswith(("ROADWORTHY", "GIT_", "CI_", "CI"))}
    return {**kept, **more}


def composite_action(action: Path, given: Mapping[str, str], workspace: Path, scratch: Path, **env: str) -> Ran:
    """Runs an action.yml's steps as GitHub's runner does: `bash --noprofile --norc -eo pipefail`, outputs by file."""
    body = yaml.safe_load(action.read_text("utf-8"))
    assert set(given) <= set(body["inputs"]), "an input that the action does not declare"
    inputs = {name: str(given.get(name, one.get("default", ""))) for name, one in body["inputs"].items()}
    known = {f"inputs.{name}": text for name, text in inputs.items()} | {"github.action_path": str(action.parent)}
    summary, ran = scratch / "summary", Ran(0, "")
    summary.touch()
    for number, step in enumerate(body["runs"]["steps"]):
        script, output = scratch / f"step-{number}.sh", scratch / f"output-{number}"
        script.write_text(step["run"], "utf-8")
        output.touch()
        own = {name: _filled(str(text), known) for name, text in step.get("env", {}).items()}
        files = {"RUNNER_TEMP": str(scratch), "GITHUB_OUTPUT": str(output), "GITHUB_STEP_SUMMARY": str(summary)}
        assert step["shell"] == "bash"
        done = _run(
            ["bash", "--noprofile", "--norc", "-eo", "pipefail", str(script)], workspace, {**env, **files, **own}
        )
        ran.printed += done.stdout
        for line in output.read_text("utf-8").splitlines():
            name, _, text = line.partition("=")
            known[f"steps.{step.get('id', '')}.outputs.{name}"] = text
        if done.returncode:
            ran.code = done.returncode
            break
    ran.outputs = {name: _filled(one["value"], known) for name, one in body["outputs"].items()}
    ran.summary = summary.read_text("utf-8")
    return ran


def _filled(text: str, known: Mapping[str, str]) -> str:
    """`${{ a || b }}` with what is known; nothing where it is not."""

    def value(match: re.Match[str]) -> str:
        return next((known[name] for name in match[1].split(" || ") if known.get(name)), "")

    return re.sub(r"\$\{\{ (.*?) \}\}", value, text)


def gitlab_job(template: Path, job: str, workspace: Path, **env: str) -> Ran:
    """Runs a job's script as GitLab's runner does where the image has bash: one shell, which ends with what fails."""
    body = yaml.safe_load(template.read_text("utf-8"))
    script = "set -eo pipefail\n" + "\n".join(body[job]["script"])
    variables = {**body["variables"], **body[job].get("variables", {}), **env}
    done = _run(["bash", "-c", script], workspace, {name: str(text) for name, text in variables.items()})
    return Ran(done.returncode, done.stdout)


def _run(command: list[str], folder: Path, env: Mapping[str, str]) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        command,
        cwd=folder,
        env=environment(**env),
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        timeout=300,
        check=False,
    )
