"""What a change request (pull or merge request) is on every forge: what is wanted, what became of it, how it ends.

Used by `requests` and `requests_gitea`, which say each forge's own paths and shapes.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

from app.clients.forges.api import Api, ForgeError
from app.clients.forges.changes import Report, keep_comment

MARK = "Roadworthy-Fix:"
PREFIX = "roadworthy/fix-"
"""Of every branch that is ours."""
_FAREWELL = "<!-- roadworthy-fix -->"
_MOST_TEXT = 60_000
_IS_OPEN = ("open", "opened", "locked")
"""GitLab locks a request for the moment in which it is merged."""
State = Literal["opened", "updated", "unchanged", "closed", "nothing", "taken over", "merged", "dismissed"]


@dataclass(frozen=True, slots=True)
class FileWrite:
    """`was` None: the file is new. `executable` it stays; GitLab and Gitea see to that themselves."""

    path: str
    was: str | None
    text: str
    executable: bool = False


@dataclass(frozen=True, slots=True)
class Wanted:
    """What the request should be. `path` is `group/name`; without `files` it should not be there.

    `digest` names the change: a branch whose last commit carries it is up to date. `number` names the request that is
    kept: once a person has ended it, nothing is done; 0 is whichever is open from the branch, or a new one.
    `farewell` is said in a comment before it is closed.
    """

    path: str
    branch: str
    base: str
    commit: str
    title: str
    text: str
    message: str
    digest: str
    files: Sequence[FileWrite] = ()
    number: int = 0
    farewell: str = ""

    @property
    def commit_message(self) -> str:
        return f"{self.message}\n\n{MARK} {self.digest}\n"

    def body(self, key: str) -> dict[str, str]:
        """Title and text, the latter as the forge calls it."""
        return {"title": self.title, key: self.text[:_MOST_TEXT]}


@dataclass(frozen=True, slots=True)
class Opened:
    """What became of it. `taken over`: a person has pushed to the branch, which is theirs now. `merged` and
    `dismissed`: a person has ended it."""

    state: State
    url: str = ""
    number: int = 0


Keep = Callable[[Api, Wanted], Opened]
One = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Requests:
    """Where a forge keeps its requests, and how it calls their parts. `method` changes one, `closing` closes it.

    `comments` is where those of a request lie, with `{}` for its number; `paging` how all of them are asked for.
    """

    path: str
    method: str
    closing: Mapping[str, str]
    comments: str
    paging: Mapping[str, str]
    address: str = "html_url"
    number: str = "number"

    def told(self, state: State, one: One | None) -> Opened:
        return Opened(state) if one is None else Opened(state, str(one.get(self.address) or ""), int(one[self.number]))

    def ours(self, asked: Api, wanted: Wanted, listed: Callable[[], One | None]) -> One | None:
        """The request that is named, whatever became of it; else the open one of its branch."""
        one: One | None = asked.get(f"{self.path}/{wanted.number}") if wanted.number else listed()
        return one

    def ended(self, ours: One | None) -> Opened | None:
        """What a person made of the request, where that is the end of it."""
        if ours is None or ours.get("state") in _IS_OPEN:
            return None
        merged = ours.get("merged") or ours.get("state") == "merged"
        return self.told("merged" if merged else "dismissed", ours)

    def left(self, wanted: Wanted, ours: One | None, state: str) -> Opened | None:
        """Where a person acted on the branch: one that they pushed to is theirs, one that they deleted is not made
        again for the request that is kept. GitLab leaves such a request open, the others close it."""
        if state == "taken over":
            return self.told("taken over", ours)
        if state == "absent" and wanted.number and wanted.files:
            return self.told("dismissed", ours)
        return None

    def close(self, asked: Api, ours: One | None, branch: str, farewell: str) -> Opened:
        """Says why, closes the request and deletes its branch; `branch` "" where there is none."""
        if ours is not None:
            if farewell:
                self._say(asked, ours, farewell)
            asked.send(self.method, f"{self.path}/{ours[self.number]}", self.closing)
        if branch:
            asked.send("DELETE", branch)
        return self.told("closed" if ours is not None else "nothing", ours)

    def keep(self, asked: Api, ours: One | None, body: dict[str, str], ends: One, *, moved: bool) -> Opened:
        """Opens the request, or says in it what it is now. `moved`: its branch was."""
        if ours is None:
            return self.told("opened", asked.send("POST", self.path, {**body, **ends}))
        same = all(str(ours.get(key) or "") == value for key, value in body.items())
        if not same:
            asked.send(self.method, f"{self.path}/{ours[self.number]}", body)
        return self.told("unchanged" if same and not moved else "updated", ours)

    def _say(self, asked: Api, ours: One, text: str) -> None:
        """Once, also where the last attempt ended between this and the closing."""
        place = self.comments.format(ours[self.number])
        keep_comment(
            (one for page in asked.pages(place, self.paging) for one in items(page)),
            Report("", "", text, "neutral"),
            text_of=lambda one: one.get("body"),
            add=lambda said: asked.send("POST", place, {"body": said}),
            change=lambda one, said: None,
            mark=_FAREWELL,
        )


def branch_state(wanted: Wanted, message: Any) -> Literal["absent", "current", "stale", "taken over"]:
    """What the last commit of a branch says of it; None where there is no branch."""
    if message is None:
        return "absent"
    marks = [line.removeprefix(MARK).strip() for line in str(message).splitlines() if line.startswith(MARK)]
    if not marks:
        return "taken over"
    return "current" if marks[-1] == wanted.digest and wanted.files else "stale"


def or_none(ask: Callable[[], Any]) -> Any:
    """What is not there is None; every other refusal is one."""
    try:
        return ask()
    except ForgeError as error:
        if error.status == 404:
            return None
        raise


def items(answer: Any) -> list[One]:
    return [one for one in answer if isinstance(one, dict)] if isinstance(answer, list) else []
