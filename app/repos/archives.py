"""A stranger's archive as files in memory: .tar, .tar.gz and .zip, refused whole as soon as one part is odd.

Nothing is ever written to disk. Called for what does not exist yet: a rendered template handed to `check` or to the
API. Whoever packs such an archive can pack it again, so each refusal is one sentence that says what to change.
"""

from __future__ import annotations

import io
import stat
import tarfile
import zipfile
import zlib
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import PurePosixPath

from app.errors import RepositoryError

_GZIP, _ZIP = b"\x1f\x8b", (b"PK\x03\x04", b"PK\x05\x06")
_USTAR = slice(257, 262)
_OTHERS = {b"BZh": "bzip2", b"\xfd7zXZ\x00": "xz", b"\x28\xb5\x2f\xfd": "zstd", b"7z\xbc\xaf": "7-zip", b"Rar!": "RAR"}
_ENTRY_MARK = b"PK\x01\x02"
_HEADER_ROOM = 4
"""A tar file may need so many blocks of 512 bytes for an entry beside its content."""
_CHUNK = 1024 * 1024


@dataclass(frozen=True, slots=True)
class Bounds:
    """What an archive may hold. Sizes in bytes; `ratio`: unpacked over packed, counted past a first megabyte."""

    unpacked: int = 64 * 1024 * 1024
    file_size: int = 8 * 1024 * 1024
    files: int = 10_000
    depth: int = 32
    ratio: int = 100
    name: int = 500


DEFAULT = Bounds()


class ArchiveRefused(RepositoryError):
    """The archive is not taken, and why."""

    def __init__(self, why: str) -> None:
        super().__init__(f"the archive is refused: {why}", reason="unreadable", permanent=True)


def is_archive(data: bytes) -> bool:
    """By its first bytes alone: archives that are read, and those known only to be told apart from text."""
    return data[:2] == _GZIP or data[:4] in _ZIP or data[_USTAR] == b"ustar" or _other(data) != ""


def unpacked(data: bytes, bounds: Bounds = DEFAULT) -> dict[str, bytes]:
    """Every regular file by its path with `/`. A single folder that holds everything is taken for the root.

    Raises ArchiveRefused.
    """
    if other := _other(data):
        raise ArchiveRefused(f"it is packed with {other}; send .tar, .tar.gz or .zip")
    entries = _zipped(data, bounds) if data[:4] in _ZIP else _tarred(_inflated(data, bounds), bounds)
    files: dict[str, bytes] = {}
    folders: set[str] = set()
    for name, content in entries:
        path = safe_path(name, bounds)
        if path in files:
            raise ArchiveRefused(f"it holds {_shown(path)} twice")
        if path in folders or any(parent in files for parent in _parents(path)):
            raise ArchiveRefused(f"{_shown(path)} is both a file and a folder in it")
        files[path] = content
        folders.update(_parents(path))
    return _without_top(files)


def _other(data: bytes) -> str:
    return next((name for mark, name in _OTHERS.items() if data.startswith(mark)), "")


def _inflated(data: bytes, bounds: Bounds) -> bytes:
    """Gzip undone, never past the bounds; a plain tar as it is."""
    if data[:2] != _GZIP:
        return data
    most = min(bounds.unpacked + bounds.files * _HEADER_ROOM * 512, len(data) * bounds.ratio + _CHUNK)
    found, rest = bytearray(), data
    try:
        while rest:
            stream = zlib.decompressobj(wbits=31)
            found += stream.decompress(rest, most + 1 - len(found))
            if len(found) > most:
                raise ArchiveRefused(_too_large(len(data), most, bounds))
            if not stream.eof:
                raise ArchiveRefused("its gzip stream ends too early")
            rest = stream.unused_data.lstrip(b"\0")
    except zlib.error:
        raise ArchiveRefused("its gzip stream is broken") from None
    return bytes(found)


def _too_large(packed: int, most: int, bounds: Bounds) -> str:
    if most >= bounds.unpacked:
        return f"it unpacks to more than {bounds.unpacked // (1024 * 1024)} MiB"
    return f"it unpacks to more than {bounds.ratio} times its {packed} bytes"


def _tarred(data: bytes, bounds: Bounds) -> Iterator[tuple[str, bytes]]:
    """Read as a stream, which never goes back: a size that points backwards ends it instead of repeating forever."""
    try:
        with tarfile.open(fileobj=io.BytesIO(data), mode="r|", encoding="utf-8", errors="surrogateescape") as tar:
            total, count = 0, 0
            for member in tar:
                count += 1
                _counted(count, bounds)
                if member.isdir():
                    _path(member.name, bounds)
                    continue
                _regular(member)
                total = _sized(member.name, member.size, total, bounds)
                opened = tar.extractfile(member)
                content = opened.read(bounds.file_size + 1) if opened else b""
                if len(content) != member.size:
                    raise ArchiveRefused(f"{_shown(member.name)} ends too early in it")
                yield member.name, content
    except (tarfile.TarError, EOFError, ValueError, OverflowError, RecursionError):
        raise ArchiveRefused("it is no tar file, or a broken one") from None


def _regular(member: tarfile.TarInfo) -> None:
    if member.issym() or member.islnk():
        raise ArchiveRefused(f"{_shown(member.name)} is a link; pack it with --dereference, or without it")
    if member.issparse():
        raise ArchiveRefused(f"{_shown(member.name)} is a sparse file")
    if not member.isreg():
        raise ArchiveRefused(f"{_shown(member.name)} is a device, a pipe or of an unknown kind")


def _zipped(data: bytes, bounds: Bounds) -> Iterator[tuple[str, bytes]]:
    # Each entry of the directory becomes an object as soon as the file is opened, so they are counted before.
    _counted(data.count(_ENTRY_MARK), bounds)
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as opened:
            total = 0
            for entry in opened.infolist():
                name = _zip_name(entry)
                _zip_regular(entry, name)
                if entry.is_dir():
                    _path(name, bounds)
                    continue
                total = _sized(name, entry.file_size, total, bounds)
                if total > len(data) * bounds.ratio + _CHUNK:
                    raise ArchiveRefused(_too_large(len(data), 0, bounds))
                with opened.open(entry) as stream:
                    content = stream.read(entry.file_size + 1)
                yield name, content
    except (zipfile.BadZipFile, zlib.error, EOFError, ValueError, NotImplementedError, OverflowError):
        raise ArchiveRefused("it is no zip file, or a broken one") from None


def _zip_name(entry: zipfile.ZipInfo) -> str:
    """Its name as it stands there: without the flag for UTF-8 nobody knows what other letters mean."""
    name = entry.orig_filename
    if not entry.flag_bits & 0x800 and not name.isascii():
        raise ArchiveRefused("a name in it is neither ASCII nor marked as UTF-8")
    return name


def _zip_regular(entry: zipfile.ZipInfo, name: str) -> None:
    kind = stat.S_IFMT(entry.external_attr >> 16) if entry.create_system == 3 else 0
    if kind == stat.S_IFLNK:
        raise ArchiveRefused(f"{_shown(name)} is a link; pack it without links")
    if kind not in (0, stat.S_IFREG, stat.S_IFDIR):
        raise ArchiveRefused(f"{_shown(name)} is a device, a pipe or of an unknown kind")
    if entry.flag_bits & 0x1:
        raise ArchiveRefused(f"{_shown(name)} is encrypted")
    if entry.compress_type not in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED):
        raise ArchiveRefused(f"{_shown(name)} is compressed in a way that is not read; deflate is")


def _counted(count: int, bounds: Bounds) -> None:
    if count > bounds.files:
        raise ArchiveRefused(f"it holds more than {bounds.files} entries")


def _sized(name: str, size: int, total: int, bounds: Bounds) -> int:
    """The sum with this file. Its size is what the archive claims; more than that is never read."""
    if size < 0:
        raise ArchiveRefused(f"{_shown(name)} claims a negative size")
    if size > bounds.file_size:
        raise ArchiveRefused(f"{_shown(name)} is larger than {bounds.file_size // (1024 * 1024)} MiB")
    if total + size > bounds.unpacked:
        raise ArchiveRefused(f"it unpacks to more than {bounds.unpacked // (1024 * 1024)} MiB")
    return total + size


def safe_path(name: str, bounds: Bounds = DEFAULT) -> str:
    """A name that someone gives a file, as a path. Raises RepositoryError as for a name in an archive."""
    path = _path(name, bounds)
    if not path:
        raise ArchiveRefused("a name in it is empty or holds control characters")
    return path


def _path(name: str, bounds: Bounds) -> str:
    """The name as a path inside the archive. Raises ArchiveRefused for one that leads out of it or can't be shown."""
    if len(name) > bounds.name:
        raise ArchiveRefused(f"a name in it is longer than {bounds.name} characters")
    if any("\ud800" <= letter <= "\udfff" for letter in name):
        raise ArchiveRefused(f"{_shown(name)} is no UTF-8 name")
    if not name or not name.isprintable():
        raise ArchiveRefused("a name in it is empty or holds control characters")
    if name.startswith("/") or "\\" in name or name[1:2] == ":":
        raise ArchiveRefused(f"{_shown(name)} is an absolute name, or one for another system; use relative ones with /")
    parts = [part for part in name.split("/") if part not in ("", ".")]
    if ".." in parts:
        raise ArchiveRefused(f"{_shown(name)} leads out of it")
    if len(parts) > bounds.depth:
        raise ArchiveRefused(f"{_shown(name)} lies deeper than {bounds.depth} folders")
    return "/".join(parts)


def _parents(path: str) -> Iterable[str]:
    return [str(parent) for parent in PurePosixPath(path).parents][:-1]


def _without_top(files: dict[str, bytes]) -> dict[str, bytes]:
    tops = {path.partition("/")[0] for path in files}
    if len(tops) != 1 or any("/" not in path for path in files):
        return files
    return {path.partition("/")[2]: content for path, content in files.items()}


def _shown(name: str) -> str:
    """A name that can be printed anywhere, short."""
    text = name.encode("ascii", "backslashreplace").decode()
    return text if len(text) <= 80 else f"{text[:80]}…"
