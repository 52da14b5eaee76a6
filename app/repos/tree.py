"""A commit's tree as a list of regular files, with everything else told apart."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import timedelta

from app.errors import RepositoryError
from app.repos.model import Skipped, TreeEntry

_LONGEST_SHOWN = 1000
"""Characters. A path of ten thousand folders need not be remembered whole to say that it was left out."""
_LINK, _SUBMODULE = b"120000", b"160000"


@dataclass(frozen=True, slots=True)
class Limits:
    """What one repository may cost. Sizes in bytes."""

    file_size: int = 2 * 1024 * 1024
    files: int = 200_000
    depth: int = 64
    total_size: int = 512 * 1024 * 1024
    history: timedelta = timedelta(days=400)


def parse_tree(listing: bytes, limits: Limits) -> tuple[list[TreeEntry], list[Skipped]]:
    """Files and skipped entries of `git ls-tree -r -z`. Raises RepositoryError when there are too many files."""
    lines = listing.split(b"\0")
    if len(lines) > limits.files + 1:
        raise RepositoryError(
            f"holds {len(lines) - 1} files, more than the {limits.files} that are read",
            reason="unreadable",
            permanent=True,
        )
    entries, skipped = [], []
    for line in lines:
        if not line:
            continue
        head, _, raw = line.partition(b"\t")
        mode, _, blob = head.split(b" ")[:3]
        path = raw.decode("utf-8", "surrogateescape")
        if reason := _left_out(mode, path, limits):
            shown = path if len(path) <= _LONGEST_SHOWN else f"{path[:_LONGEST_SHOWN]}…"
            skipped.append(Skipped(shown, reason, elsewhere=mode in (_LINK, _SUBMODULE)))
        else:
            entries.append(TreeEntry(path, blob.decode("ascii")))
    entries.sort(key=lambda entry: entry.path)
    return entries, skipped


def _left_out(mode: bytes, path: str, limits: Limits) -> str:
    if mode == _LINK:
        return "is a symbolic link, which is not followed"
    if mode == _SUBMODULE:
        return "is a submodule, which is not fetched"
    if path.count("/") >= limits.depth:
        return f"lies deeper than {limits.depth} folders"
    return ""


def within_total(sizes: Iterable[tuple[TreeEntry, int]], limits: Limits) -> tuple[list[TreeEntry], list[Skipped]]:
    """Those entries that fit the caps on file size and on the sum, and why the others don't."""
    kept, skipped, total = [], [], 0
    for entry, size in sizes:
        if size > limits.file_size:
            skipped.append(Skipped(entry.path, f"is {size} bytes large, more than {limits.file_size}"))
        elif total + size > limits.total_size:
            skipped.append(Skipped(entry.path, f"is past the {limits.total_size} bytes read of one repository"))
        else:
            total += size
            kept.append(entry)
    return kept, skipped
