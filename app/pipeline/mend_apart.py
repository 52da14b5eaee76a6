"""The fix of what does not exist yet, made in a process of its own like its reading (`apart`); called by the API.

There a fix knows the policy, what was handed over, and what is known around it (`surroundings`); what stands elsewhere
is not touched. It ends with its time or memory, and then there is no fix, and the answer says so.
"""

from __future__ import annotations

import json
import os
import resource
import subprocess
import sys
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

from app.catalog.model import EntityRef
from app.errors import RepositoryError
from app.facts.groups import SCHEMA
from app.pipeline.apart import FILES, KEPT, MEMORY, handed_snapshot
from app.pipeline.fixing_born import fix_born
from app.pipeline.handed import PLACE
from app.pipeline.scoring import parameters_of
from app.pipeline.surroundings import surroundings_from
from app.policy.documents import load_texts
from app.policy.model import Policy
from app.remediation.proposal import without_levels

SECONDS = 20.0
TOO_MUCH = "the fix took too much time or memory; `roadworthy fix` makes it in the repository"
LARGEST = 256 * 1024
"""Characters of a diff; beyond it is for `roadworthy fix`, not for an answer."""


def mend_apart(
    data: bytes | Mapping[str, str],
    name: str,
    repository: str,
    policy: Policy,
    refs: Sequence[EntityRef],
    surroundings: Mapping[str, Any],
    *,
    seconds: float = SECONDS,
) -> dict[str, dict[str, Any]] | str:
    """Entity reference → its fix as `GET …/fix` tells it but for levels; or, in one sentence, why there is none.

    `refs`: whose. `surroundings`: of them, as `surroundings.around` tells.
    """
    how, text = (name, data.hex()) if isinstance(data, bytes) else (FILES, json.dumps(dict(data)).encode().hex())
    whose = {"refs": [str(ref) for ref in refs], "surroundings": surroundings}
    asked = json.dumps({"how": how, "data": text, "repository": repository, "policy": policy.documents, **whose})
    environment = {key: os.environ[key] for key in KEPT if key in os.environ}
    command = [sys.executable, "-m", "app.pipeline.mend_apart", str(int(seconds))]
    try:
        done = subprocess.run(
            command, input=asked.encode(), env=environment, capture_output=True, timeout=seconds, check=False
        )
    except subprocess.TimeoutExpired:
        return TOO_MUCH
    if done.returncode:
        return TOO_MUCH
    found: dict[str, dict[str, Any]] | str = json.loads(done.stdout)
    return found


def _fixes(asked: Mapping[str, Any]) -> dict[str, dict[str, Any]] | str:
    now = datetime.now(UTC)
    try:
        snapshot = handed_snapshot(bytes.fromhex(asked["data"]), asked["how"], now)
        snapshot.url = asked["repository"]
        policy = load_texts(asked["policy"], SCHEMA)
        known = surroundings_from(asked["surroundings"], parameters_of(policy))
        refs, applied = [EntityRef.parse(ref) for ref in asked["refs"]], asked["repository"].startswith(PLACE)
        proposals = fix_born(snapshot, policy, now, known, refs, applied=applied)
    except RepositoryError as error:
        return str(error)
    found = {one.entity: without_levels(one) for one in proposals}
    return found if sum(len(one["diff"]) for one in found.values()) <= LARGEST else TOO_MUCH


def main(seconds: str) -> None:
    resource.setrlimit(resource.RLIMIT_CPU, (int(seconds), int(seconds)))
    resource.setrlimit(resource.RLIMIT_AS, (MEMORY, MEMORY))
    sys.stdout.write(json.dumps(_fixes(json.loads(sys.stdin.buffer.read())), ensure_ascii=True))


if __name__ == "__main__":
    main(*sys.argv[1:])
