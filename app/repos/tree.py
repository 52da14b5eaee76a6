"""A commit's tree as a list of regular files, with everything else told apart.

Folders are read as git keeps them, each once, however often it stands in the tree. So what a tree holds is counted
before it is written out: one of ten kilobytes can name ten billion files.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta

from app.errors import RepositoryError
from app.repos.model import Skipped, TreeEntry

_LONGEST_SHOWN = 1000
"""Characters. A path of ten thousand folders need not be remembered whole to say that it was left out."""
_LINK, _SUBMODULE, _FOLDER, _EXECUTABLE = b"120000", b"160000", b"40000", b"100755"
_MOST_LEVELS = 2048
"""As git itself has it since 2.43 (`core.maxTreeDepth`)."""
_LONGEST_LISTING = 64 * 1024 * 1024
"""Bytes of all paths together, and of all folders as git keeps them."""
Named = tuple[bytes, bytes, str]
"""What stands in a folder: (mode, name, object id)."""


@dataclass(frozen=True, slots=True)
class Limits:
    """What one repository may cost. Sizes in bytes."""

    file_size: int = 2 * 1024 * 1024
    files: int = 200_000
    depth: int = 64
    total_size: int = 512 * 1024 * 1024
    history: timedelta = timedelta(days=400)


def list_tree(
    root: str, folders_of: Callable[[Sequence[str]], Mapping[str, bytes]], limits: Limits
) -> tuple[list[TreeEntry], list[Skipped]]:
    """Files by path, and what is skipped, under the folder `root` (an object id).

    `folders_of` gives folders as git keeps them, by id. Raises RepositoryError where there are too many files, or a
    folder is damaged.
    """
    folders: dict[str, list[Named]] = {}
    order: list[str] = []
    asked, total = [root], 0
    for _ in range(_MOST_LEVELS):
        found = folders_of(asked)
        total += sum(map(len, found.values()))
        if total > _LONGEST_LISTING:
            raise _refused(f"holds folders of more than {_LONGEST_LISTING} bytes")
        folders |= {id_: _parsed(found[id_], len(root)) for id_ in asked}
        order += asked
        below = (id_ for asked_id in asked for mode, _, id_ in folders[asked_id] if mode == _FOLDER)
        asked = [id_ for id_ in dict.fromkeys(below) if id_ not in folders]
        if not asked:
            break
    else:
        raise _refused(f"holds folders nested deeper than {_MOST_LEVELS} levels")
    _count(root, order, folders, limits)
    return _written_out(root, folders, limits)


def _parsed(data: bytes, digits: int) -> list[Named]:
    """A tree object: `mode name NUL id`, the id in `digits`/2 bytes, again and again."""
    found: list[Named] = []
    at, end, width = 0, len(data), digits // 2
    try:
        while at < end:
            space = data.index(b" ", at)
            nul = data.index(b"\0", space)
            last = nul + 1 + width
            if last > end:
                raise ValueError("cut short")
            found.append((data[at:space].lstrip(b"0"), data[space + 1 : nul], data[nul + 1 : last].hex()))
            at = last
    except ValueError:
        raise RepositoryError("holds a damaged folder", reason="unreadable") from None
    return found


def _count(root: str, order: Sequence[str], folders: Mapping[str, list[Named]], limits: Limits) -> None:
    """Refuses what would be too much to write out. A folder counts as often as it stands in the tree."""
    counted: dict[str, tuple[int, int, int]] = {}
    waiting = list(order)
    while waiting:
        id_ = waiting.pop()
        if id_ in counted:
            continue
        below = [sub for mode, _, sub in folders[id_] if mode == _FOLDER and sub not in counted]
        if below:  # a folder that stands higher up, too
            waiting += [id_, *below]
            continue
        files = paths = size = 0
        for mode, name, sub in folders[id_]:
            is_folder = mode == _FOLDER
            inner_files, inner_paths, inner_size = counted[sub] if is_folder else (1, 0, 0)
            files += inner_files
            paths += 1 + inner_paths
            size += inner_size + (1 + inner_paths) * (len(name) + 1)
        counted[id_] = files, paths, size
    files, paths, size = counted[root]
    if files > limits.files:
        raise _refused(f"holds {files} files, more than the {limits.files} that are read")
    if size > _LONGEST_LISTING:
        raise _refused(f"holds {paths} paths of {size} bytes, more than the {_LONGEST_LISTING} that are listed")


def _written_out(
    root: str, folders: Mapping[str, list[Named]], limits: Limits
) -> tuple[list[TreeEntry], list[Skipped]]:
    entries: list[TreeEntry] = []
    skipped: list[Skipped] = []
    waiting = [("", root, 0)]
    while waiting:
        prefix, id_, depth = waiting.pop()
        too_deep = f"lies deeper than {limits.depth} folders" if depth >= limits.depth else ""
        for mode, name, sub in folders[id_]:
            path = prefix + name.decode("utf-8", "surrogateescape")
            if mode == _FOLDER:
                waiting.append((f"{path}/", sub, depth + 1))
            elif reason := _ELSEWHERE.get(mode) or too_deep:
                shown = path if len(path) <= _LONGEST_SHOWN else f"{path[:_LONGEST_SHOWN]}…"
                skipped.append(Skipped(shown, reason, elsewhere=mode in _ELSEWHERE))
            else:
                entries.append(TreeEntry(path, sub, executable=mode == _EXECUTABLE))
    entries.sort(key=lambda entry: entry.path)
    skipped.sort(key=lambda one: one.path)
    return entries, skipped


_ELSEWHERE = {
    _LINK: "is a symbolic link, which is not followed",
    _SUBMODULE: "is a submodule, which is not fetched",
}
"""What is no content of this repository."""


def _refused(why: str) -> RepositoryError:
    return RepositoryError(why, reason="unreadable", permanent=True)


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
