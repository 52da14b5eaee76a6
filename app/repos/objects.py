"""Reading objects of a repository through one `git cat-file` that stays for as long as it is asked. Fetches nothing."""

from __future__ import annotations

import secrets
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path

from app.errors import RepositoryError
from app.repos.git import Git
from app.repos.process import Conversation

_AT_ONCE = 8 * 1024 * 1024
"""Bytes asked for in one question, so that contents never stand in memory twice as a whole."""
_LONGEST_LINE = 200
_TREES_AT_ONCE = 1000
_MOST_OF_TREES = 64 * 1024 * 1024
"""Bytes of one answer: a folder of a million files is half as large."""


class ObjectReader:
    """Asks by object id; `opened` gives one. Every call may raise RepositoryError."""

    def __init__(self, talk: Conversation, git: Git) -> None:
        self._talk, self._git = talk, git
        absent = secrets.token_hex(20)  # nobody can have written it into a file
        self._last_question, self._last_line = f"info {absent}\nflush\n", f"{absent} missing\n".encode()

    def sizes(self, blobs: Iterable[str]) -> dict[str, int]:
        """Blob id → bytes; what is absent here, broken, or no blob is missing."""
        asked = list(dict.fromkeys(blobs))
        answer = self._ask((f"info {blob}\n" for blob in asked), _LONGEST_LINE * len(asked)) if asked else b""
        found = (line.split(b" ") for line in answer.splitlines())
        return {parts[0].decode(): int(parts[2]) for parts in found if len(parts) == 3 and parts[1] == b"blob"}

    def trees(self, names: Sequence[str]) -> list[tuple[str, bytes]]:
        """(id, content) of the trees of these names, in their order: object ids, or `COMMIT^{tree}`.

        Raises RepositoryError where one is absent, or is no tree.
        """
        found: list[tuple[str, bytes]] = []
        for first in range(0, len(names), _TREES_AT_ONCE):
            some = names[first : first + _TREES_AT_ONCE]
            answer, at = self._ask((f"contents {name}\n" for name in some), _MOST_OF_TREES), 0
            for name in some:
                end = answer.find(b"\n", at)
                head = answer[at:end].split(b" ")
                if len(head) != 3 or head[1] != b"tree":
                    raise RepositoryError(f"the folder {name} is missing or damaged", reason="unreadable")
                last = end + 1 + int(head[2])
                found.append((head[0].decode(), answer[end + 1 : last]))
                at = last + 1
        return found

    def contents(self, sizes: Mapping[str, int]) -> dict[str, bytes]:
        """Blob id → content, of blobs whose `sizes` were told before."""
        return {blob: data for part in _parts(sizes) for blob, data in self._contents(part)}

    def _contents(self, sizes: Mapping[str, int]) -> Iterator[tuple[str, bytes]]:
        heads = {blob: len(f"{blob} blob {size}\n") for blob, size in sizes.items()}
        total = sum(heads[blob] + size + 1 for blob, size in sizes.items())
        answer = self._ask((f"contents {blob}\n" for blob in sizes), total)
        if len(answer) != total:
            raise RepositoryError("git cat-file lost an object while it was read", reason="unreadable")
        at = 0
        for blob, size in sizes.items():
            at += heads[blob]
            yield blob, answer[at : at + size]
            at += size + 1

    def _ask(self, questions: Iterable[str], output_cap: int) -> bytes:
        """The answers, which end where that to a question of our own begins."""
        last = self._last_line
        question = "".join(questions) + self._last_question
        with self._git.timed():
            answer = self._talk.ask(
                question.encode(), enough=lambda out: out.endswith(last), output_cap=output_cap + len(last)
            )
        return answer[: -len(last)]


def _parts(sizes: Mapping[str, int]) -> Iterator[dict[str, int]]:
    part: dict[str, int] = {}
    total = 0
    for blob, size in sizes.items():
        if part and total + size > _AT_ONCE:
            yield part
            part, total = {}, 0
        part[blob] = size
        total += size
    if part:
        yield part


@contextmanager
def opened(git: Git, folder: Path) -> Iterator[ObjectReader]:
    """A reader over the repository at `folder`. Needs git 2.36."""
    with git.conversation(["cat-file", "--batch-command", "--buffer"], folder=folder) as talk:
        yield ObjectReader(talk, git)
