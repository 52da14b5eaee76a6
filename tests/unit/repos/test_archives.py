"""Archives of strangers: what is taken, and each oddity refused with one sentence that says what to change."""

import gzip
import io
import random
import stat
import subprocess
import tarfile
import zipfile
from datetime import UTC, datetime

import pytest
from drawn import often
from hypothesis import given
from hypothesis import strategies as st

from app.repos.archives import ArchiveRefused, Bounds, is_archive, unpacked
from app.repos.author import Commit, write
from app.repos.memory import MemorySnapshot

SMALL = Bounds(unpacked=64 * 1024, file_size=32 * 1024, files=20, depth=4, ratio=100)


def tarred(*members, mode="w", form=tarfile.PAX_FORMAT, encoding="utf-8"):
    """(name, content) or (name, change of its TarInfo) as a tar file."""
    made = io.BytesIO()
    with tarfile.open(fileobj=made, mode=mode, format=form, encoding=encoding) as tar:
        for name, what in members:
            info = tarfile.TarInfo(name)
            if callable(what):
                what(info)
                tar.addfile(info)
            else:
                info.size = len(what)
                tar.addfile(info, io.BytesIO(what))
    return made.getvalue()


def zipped(*members, compression=zipfile.ZIP_DEFLATED):
    made = io.BytesIO()
    with zipfile.ZipFile(made, "w", compression) as archive:
        for name, content in members:
            archive.writestr(name, content)
    return made.getvalue()


def of_kind(kind, target=""):
    def change(info):
        info.type, info.linkname = kind, target

    return change


FILES = (("catalog-info.yaml", b"kind: Component\n"), ("docs/runbook.md", b"# Runbook\n"), ("äöü.md", b"# x\n"))


@pytest.mark.parametrize(
    "data",
    [tarred(*FILES), tarred(*FILES, mode="w:gz"), tarred(*FILES, form=tarfile.GNU_FORMAT), zipped(*FILES)],
    ids=["tar", "tar.gz", "gnu tar", "zip"],
)
def test_files_come_out_as_they_were_packed(data):
    assert is_archive(data)
    assert unpacked(data) == dict(FILES)


def test_a_folder_that_holds_everything_is_the_root():
    data = tarred(
        ("shop-1a2b3c/", of_kind(tarfile.DIRTYPE)), ("shop-1a2b3c/a.md", b"a"), ("./shop-1a2b3c/d/b.md", b"b")
    )
    assert unpacked(data) == {"a.md": b"a", "d/b.md": b"b"}
    assert unpacked(tarred(("docs/a.md", b"a"), ("b.md", b"b"))) == {"docs/a.md": b"a", "b.md": b"b"}


def test_an_archive_that_git_makes_is_read(tmp_path):
    write(tmp_path / "shop", [Commit(datetime(2026, 1, 1, tzinfo=UTC), {"a/b.md": b"# b\n"})], bare=False)
    for form in ("tar", "tar.gz", "zip"):
        command = ["git", "archive", f"--format={form}", "--prefix=shop/", "HEAD"]
        made = subprocess.run(command, cwd=tmp_path / "shop", check=True, capture_output=True)
        assert unpacked(made.stdout) == {"a/b.md": b"# b\n"}, form


def encrypted():
    data = bytearray(zipped(("a.md", b"secret")))
    for mark, offset in ((b"PK\x03\x04", 6), (b"PK\x01\x02", 8)):
        data[data.index(mark) + offset] |= 1
    return bytes(data)


def linked_zip():
    info = zipfile.ZipInfo("a.md")
    info.create_system, info.external_attr = 3, (stat.S_IFLNK | 0o777) << 16
    return zipped((info, "/etc/passwd"))


def cp437_zip():
    data = zipped(("aaaa.md", b"x"))
    return data.replace(b"aaaa.md", b"a\x84\x94a.md")


def lying_zip():
    """Its directory says one byte, its stream holds a megabyte."""
    data = bytearray(zipped(("a.md", bytes(1024 * 1024))))
    at = data.index(b"PK\x01\x02")
    data[at + 24 : at + 28] = (1).to_bytes(4, "little")
    return bytes(data)


def backwards():
    """A size in base 256 that is negative: read naively, the same header comes again for ever."""
    block = bytearray(tarred(("a.md", b"a"))[:512])
    block[124:136] = b"\xff" * 10 + b"\xfc\x00"
    block[148:156] = b" " * 8
    block[148:156] = b"%06o\0 " % sum(block)
    return bytes(block) + bytes(1024)


def sparse():
    data = bytearray(tarred(("a.md", b"a"), form=tarfile.GNU_FORMAT))
    data[156:157] = b"S"
    data[148:156] = b" " * 8
    data[148:156] = b"%06o\0 " % sum(data[:512])
    return bytes(data)


@pytest.mark.parametrize(
    ("data", "why"),
    [
        (tarred(("../a.md", b"a")), "../a.md leads out of it"),
        (tarred(("d/../../a.md", b"a")), "leads out of it"),
        (zipped(("../a.md", b"a")), "leads out of it"),
        (tarred(("/etc/passwd", b"a")), "/etc/passwd is an absolute name"),
        (zipped(("/etc/passwd", b"a")), "absolute name"),
        (zipped(("C:/a.md", b"a")), "absolute name, or one for another system"),
        (zipped(("d\\a.md", b"a")), "use relative ones with /"),
        (tarred(("../d", of_kind(tarfile.DIRTYPE))), "leads out of it"),
        (tarred(("a", of_kind(tarfile.SYMTYPE, "/etc"))), "a is a link"),
        (tarred(("a", of_kind(tarfile.LNKTYPE, "b"))), "a is a link; pack it with --dereference"),
        (linked_zip(), "a.md is a link"),
        (tarred(("a", of_kind(tarfile.CHRTYPE))), "a is a device"),
        (tarred(("a", of_kind(tarfile.BLKTYPE))), "a is a device"),
        (tarred(("a", of_kind(tarfile.FIFOTYPE))), "a is a device, a pipe"),
        (tarred(("a.md", b"a"), ("./a.md", b"b")), "it holds a.md twice"),
        (tarred(("a", b"a"), ("a/b", b"b")), "a/b is both a file and a folder"),
        (tarred(("a/b", b"b"), ("a", b"a")), "a is both a file and a folder"),
        (tarred(("d/" * 5 + "a", b"a")), "lies deeper than 4 folders"),
        (tarred(*((f"{n}.md", b"") for n in range(21))), "more than 20 entries"),
        (zipped(*((f"{n}.md", b"") for n in range(21))), "more than 20 entries"),
        (tarred(*((f"{n}/", of_kind(tarfile.DIRTYPE)) for n in range(21))), "more than 20 entries"),
        (tarred(("a.md", bytes(33 * 1024))), "a.md is larger than"),
        (tarred(*((f"{n}.md", bytes(30 * 1024)) for n in range(3))), "it unpacks to more than"),
        (zipped(*((f"{n}.md", bytes(30 * 1024)) for n in range(3))), "it unpacks to more than"),
        (gzip.compress(bytes(1024 * 1024), mtime=0), "it unpacks to more than"),
        (tarred(("a\udcff.md", b"a"), form=tarfile.USTAR_FORMAT), "is no UTF-8 name"),
        (tarred(("a\n.md", b"a")), "control characters"),
        (tarred(("x" * 600, b"a")), "longer than 500 characters"),
        (cp437_zip(), "neither ASCII nor marked as UTF-8"),
        (encrypted(), "a.md is encrypted"),
        (zipped(("a.md", b"a"), compression=zipfile.ZIP_LZMA), "compressed in a way that is not read"),
        (lying_zip(), "no zip file, or a broken one"),
        (sparse(), "sparse"),
        (backwards(), "a.md claims a negative size"),
        (tarred(("a.md", b"a" * 600))[:700], "ends too early|broken one"),
        (gzip.compress(tarred(("a.md", b"a")), mtime=0)[:-12], "gzip stream ends too early"),
        (b"\x1f\x8b" + b"x" * 40, "gzip stream is broken"),
        (gzip.compress(b"no tar at all" * 100, mtime=0), "no tar file, or a broken one"),
        (b"PK\x03\x04" + b"x" * 60, "no zip file, or a broken one"),
        (b"BZh91AY&SY", "packed with bzip2; send .tar, .tar.gz or .zip"),
        (b"\xfd7zXZ\x00\x00", "packed with xz"),
        (b"\x28\xb5\x2f\xfd\x00", "packed with zstd"),
    ],
)
def test_each_oddity_is_refused_with_one_sentence(data, why):
    assert is_archive(data)
    with pytest.raises(ArchiveRefused, match=f"(?s)^the archive is refused: .*({why})") as refused:
        unpacked(data, SMALL)
    assert "\n" not in str(refused.value)
    assert refused.value.permanent


def test_a_bomb_is_given_up_at_the_ratio_long_before_it_is_whole():
    bomb = gzip.compress(bytes(200 * 1024 * 1024), 9)
    with pytest.raises(ArchiveRefused, match="more than 100 times its"):
        unpacked(bomb, Bounds(unpacked=10**9))
    with pytest.raises(ArchiveRefused, match="more than"):
        unpacked(zipped(*((f"{n}.bin", bytes(8 * 1024 * 1024)) for n in range(9))))


@often(150)
@given(seed=st.integers(0, 10_000), kind=st.sampled_from(["tar", "tar.gz", "zip"]))
def test_a_damaged_archive_is_read_or_refused_and_nothing_else(seed, kind):
    whole = {"tar": tarred(*FILES), "tar.gz": tarred(*FILES, mode="w:gz"), "zip": zipped(*FILES)}[kind]
    dice = random.Random(seed)
    data = bytearray(whole)
    for _ in range(dice.randint(1, 8)):
        data[dice.randrange(len(data))] = dice.randrange(256)
    try:
        found = unpacked(bytes(data), SMALL)
    except ArchiveRefused:
        return
    assert all(not name.startswith("/") and ".." not in name.split("/") for name in found)


def test_files_in_memory_are_a_snapshot():
    now = datetime(2026, 1, 1, tzinfo=UTC)
    snapshot = MemorySnapshot({"b.md": b"b", "a.md": b"a"}, url="file:///x", now=now)
    assert [(one.path, one.size) for one in snapshot.entries()] == [("a.md", 1), ("b.md", 1)]
    assert snapshot.entries()[0].blob == "2e65efe2a145dda7ee51d1741299f848e5bf752e"  # as `git hash-object` says
    assert snapshot.read(snapshot.entries()) == {"a.md": b"a", "b.md": b"b"}
    assert snapshot.last_changes(["a.md", "none"])["a.md"].at == now
