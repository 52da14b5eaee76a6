"""Mirrors over real HTTP: credentials, refusals, outages, redirects and old servers."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest
from git_author import commit, git, repository
from git_server import GitServer

from app.errors import RepositoryError
from app.repos.git import Credential, Git
from app.repos.mirror import Mirror
from app.repos.urls import TransportRules

Make = Callable[..., Mirror]
NOW = datetime(2026, 7, 1, tzinfo=UTC)
TOKEN = "tok/en+with=odd&signs"


@pytest.fixture
def source(tmp_path: Path) -> Path:
    folder = repository(tmp_path / "served" / "payments.git")
    commit(folder, {"a.md": "A", "b.md": "B"})
    git(folder, "config", "uploadpack.allowFilter", "true")
    return folder


@pytest.fixture
def server(source: Path) -> Iterator[GitServer]:
    with GitServer(source.parent) as running:
        yield running


@pytest.fixture
def make(tmp_path: Path) -> Iterator[Make]:
    """Makes mirrors of a server's repository; their git runners are closed afterwards."""
    runners: list[Git] = []

    def mirror(
        server: GitServer,
        name: str = "payments",
        *,
        hosts: tuple[str, ...] = (),
        credential: Credential | None = None,
        timeout: float = 20,
    ) -> Mirror:
        runners.append(Git(timeout=timeout, credentials={"127.0.0.1": credential} if credential else {}))
        rules = TransportRules(hosts=hosts, allow_http=True)
        return Mirror(tmp_path / "mirrors", server.url(name), git=runners[-1], rules=rules)

    yield mirror
    for runner in runners:
        runner.close()


def _read(mirror: Mirror) -> dict[str, bytes]:
    snapshot = mirror.sync(mirror.tip(), NOW)
    return dict(snapshot.read(snapshot.entries()))


def test_a_repository_is_mirrored_over_http(make: Make, server: GitServer) -> None:
    assert _read(make(server)) == {"a.md": b"A", "b.md": b"B"}


def test_an_old_server_that_refuses_single_objects_is_read_whole(make: Make, source: Path) -> None:
    with GitServer(source.parent, old=True) as server:
        assert _read(make(server)) == {"a.md": b"A", "b.md": b"B"}


def test_a_server_without_partial_clone_is_read_too(make: Make, source: Path, server: GitServer) -> None:
    git(source, "config", "uploadpack.allowFilter", "false")
    assert _read(make(server)) == {"a.md": b"A", "b.md": b"B"}


def test_a_credential_is_used_for_its_host_and_stays_hidden(make: Make, source: Path) -> None:
    credential = Credential("ada", TOKEN)
    with GitServer(source.parent, user="ada", token=TOKEN) as server:
        mirror = make(server, credential=credential)
        assert _read(mirror) == {"a.md": b"A", "b.md": b"B"}
    kept = b"".join(path.read_bytes() for path in mirror.folder.rglob("*") if path.is_file())
    assert TOKEN.encode() not in kept
    assert TOKEN not in repr(credential)


@pytest.mark.parametrize("credential", [None, Credential("ada", "wrong-secret")])
def test_a_refusal_is_forbidden_and_names_no_secret(make: Make, source: Path, credential: Credential | None) -> None:
    with GitServer(source.parent, user="ada", token=TOKEN) as server, pytest.raises(RepositoryError) as failed:
        make(server, credential=credential).tip()
    assert (failed.value.reason, failed.value.permanent) == ("forbidden", True)
    assert "wrong-secret" not in str(failed.value)


def test_a_token_is_not_sent_to_where_a_redirect_leads(make: Make, source: Path) -> None:
    credential = Credential("ada", TOKEN)
    with GitServer(source.parent, user="ada", token=TOKEN) as other, GitServer(source.parent) as server:
        server.fault = other.address.replace("127.0.0.1", "localhost")
        with pytest.raises(RepositoryError) as failed:
            make(server, credential=credential).tip()
        assert failed.value.reason == "forbidden"
        assert other.requests
        assert set(other.authorizations) == {""}


def test_a_redirect_does_not_lead_past_the_list_of_hosts(make: Make, source: Path, server: GitServer) -> None:
    with GitServer(source.parent) as other:
        server.fault = other.address
        with pytest.raises(RepositoryError) as failed:
            make(server, hosts=("127.0.0.1",)).tip()
        assert other.requests == []
    assert (failed.value.reason, failed.value.permanent) == ("source_failing", True)


@pytest.mark.parametrize(
    ("fault", "reason", "permanent"),
    [("403", "forbidden", True), ("500", "source_failing", False), ("reset", "source_failing", False)],
)
def test_an_outage_tells_whose_it_is(make: Make, server: GitServer, fault: str, reason: str, permanent: bool) -> None:
    server.fault = fault
    with pytest.raises(RepositoryError) as failed:
        make(server).tip()
    assert (failed.value.reason, failed.value.permanent) == (reason, permanent)


def test_an_absent_repository_is_gone(make: Make, server: GitServer) -> None:
    with pytest.raises(RepositoryError) as failed:
        make(server, "nowhere").tip()
    assert (failed.value.reason, failed.value.permanent) == ("source_failing", True)


def test_an_outage_between_tip_and_blobs_raises_and_is_no_absence(make: Make, server: GitServer) -> None:
    mirror = make(server)
    snapshot = mirror.sync(mirror.tip(), NOW)
    entries = snapshot.entries()
    server.fault, before = "500", len(server.requests)
    with pytest.raises(RepositoryError) as failed:
        snapshot.read(entries)
    assert failed.value.reason == "source_failing"
    assert len(server.requests) - before <= 2


def test_a_server_that_hangs_is_left_at_the_time_limit(make: Make, server: GitServer) -> None:
    server.fault = "hang"
    with pytest.raises(RepositoryError, match=r"took longer than 0\.5 seconds") as failed:
        make(server, timeout=0.5).tip()
    assert (failed.value.reason, failed.value.permanent) == ("source_failing", False)


def test_a_corrupt_pack_is_unreadable_and_leaves_a_mirror_that_heals(make: Make, server: GitServer) -> None:
    mirror = make(server)
    tip = mirror.tip()
    server.fault = "corrupt"
    with pytest.raises(RepositoryError) as failed:
        mirror.sync(tip, NOW)
    assert (failed.value.reason, failed.value.permanent) == ("unreadable", False)
    server.fault = ""
    assert _read(mirror) == {"a.md": b"A", "b.md": b"B"}


def test_a_first_read_asks_once_for_the_branch_and_its_commits(make: Make, server: GitServer) -> None:
    snapshot = make(server).first(NOW)
    assert snapshot is not None
    assert [request.split("?")[0] for request in server.requests] == [
        "GET /payments/info/refs",
        "POST /payments/git-upload-pack",
        "POST /payments/git-upload-pack",
    ]
    assert dict(snapshot.read(snapshot.entries())) == {"a.md": b"A", "b.md": b"B"}


def test_a_first_read_uses_a_credential_and_keeps_none(make: Make, source: Path) -> None:
    with GitServer(source.parent, user="ada", token=TOKEN) as server:
        snapshot = make(server, credential=Credential("ada", TOKEN)).first(NOW)
        assert snapshot is not None
        kept = b"".join(path.read_bytes() for path in snapshot.folder.rglob("*") if path.is_file())
    assert TOKEN.encode() not in kept


@pytest.mark.parametrize("fault", ["403", "500", "reset", "corrupt"])
def test_a_first_read_that_fails_leaves_nothing_and_lets_others_say_why(
    make: Make, server: GitServer, fault: str
) -> None:
    server.fault = fault
    mirror = make(server)
    assert mirror.first(NOW) is None
    assert not mirror.folder.exists()


def test_a_first_read_follows_no_redirect_past_the_list_of_hosts(make: Make, source: Path, server: GitServer) -> None:
    with GitServer(source.parent) as other:
        server.fault = other.address
        assert make(server, hosts=("127.0.0.1",)).first(NOW) is None
        assert other.requests == []


def test_a_first_read_of_a_server_that_hangs_waits_once(make: Make, server: GitServer) -> None:
    server.fault = "hang"
    with pytest.raises(RepositoryError, match=r"took longer than 0\.5 seconds"):
        make(server, timeout=0.5).first(NOW)
