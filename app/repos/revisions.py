"""What someone calls a commit: a branch, a tag, or a commit id. Asked of the server, never of the words themselves.

Used by `facts --rev`. A name is looked up whole, so that 20,000 refs cost one line; a pattern is no name.
"""

from __future__ import annotations

import re
from collections.abc import Callable

from app.errors import RepositoryError
from app.repos.model import Tip

_NAME = re.compile(r"(?![-/.])[^\x00-\x20\x7f~^:?*\[\\]{1,250}(?<![/.])")
"""What git takes for a ref's name (`git check-ref-format`), apart from the rarest rules."""
_COMMIT = re.compile(r"[0-9a-f]{40}|[0-9a-f]{64}", re.IGNORECASE)
_SHORT = re.compile(r"[0-9a-f]{7,63}", re.IGNORECASE)
_PEELED = "^{}"


def is_name(text: str) -> bool:
    """Whether git takes a text for the name of a branch or tag, so that it can stand in a refspec."""
    return bool(_NAME.fullmatch(text)) and ".." not in text


def resolve(revision: str, listed: Callable[..., str]) -> Tip:
    """The commit that `revision` names. `listed(pattern …)` is `ls-remote`. Raises RepositoryError.

    A branch goes before a tag of its name. A commit id is whole, or the beginning (seven or more) of some branch's
    or tag's commit: servers look up no others.
    """
    if not is_name(revision):
        raise _unknown(revision, "is no name of a branch or tag, and no commit id")
    refs = _refs(listed(f"refs/heads/{revision}", f"refs/tags/{revision}", f"refs/tags/{revision}{_PEELED}"))
    if commit := refs.get(f"refs/heads/{revision}"):
        return Tip(revision, commit)
    tag = f"refs/tags/{revision}"
    if tag in refs:
        return Tip("", refs.get(tag + _PEELED, refs[tag]), fetch=tag)
    if _COMMIT.fullmatch(revision):
        return Tip("", revision.lower(), fetch=revision.lower())
    if _SHORT.fullmatch(revision):
        return _short(revision.lower(), _refs(listed("refs/heads/*", "refs/tags/*")))
    raise _unknown(revision, "is no branch, no tag and no commit id here")


def _short(revision: str, refs: dict[str, str]) -> Tip:
    found = {commit for commit in refs.values() if commit.startswith(revision)}
    if len(found) != 1:
        how = "several branches and tags" if found else "no branch and no tag"
        raise _unknown(revision, f"begins the commit of {how}; give the whole commit id")
    commit = found.pop()
    branch = next((ref for ref in sorted(refs) if refs[ref] == commit and ref.startswith("refs/heads/")), "")
    return Tip(branch.removeprefix("refs/heads/"), commit, fetch="" if branch else commit)


def _refs(listing: str) -> dict[str, str]:
    lines = (line.split("\t", 1) for line in listing.splitlines() if "\t" in line)
    return {ref: commit for commit, ref in lines}


def _unknown(revision: str, why: str) -> RepositoryError:
    return RepositoryError(f"“{revision[:80]}” {why}", reason="source_failing", permanent=True)
