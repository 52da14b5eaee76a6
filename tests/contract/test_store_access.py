"""Tokens and the audit, on every database."""

from datetime import UTC, datetime, timedelta

from app.catalog.model import EntityRef
from app.identity import tokens
from app.store.audit import AuditRow
from app.store.store import Store

NOW = datetime(2026, 11, 24, 12, tzinfo=UTC)
TEAM = EntityRef("group", "default", "team")


def row(name: str, **more: object) -> tokens.StoredToken:
    made = tokens.new()
    values = {"scopes": ("read", "refresh"), "groups": (TEAM,), "created_at": NOW, "created_by": "cli:ada", **more}
    return tokens.StoredToken(id=made.id, name=name, digest=made.digest, **values)


def test_a_token_comes_back_as_it_was_kept(store: Store) -> None:
    kept = row("ci", expires_at=NOW + timedelta(days=1))
    assert store.tokens.add(kept)
    assert store.tokens.find(kept.id) == kept
    assert store.tokens.find("none") is None
    assert store.tokens.all() == [kept]


def test_two_living_tokens_never_share_a_name(store: Store) -> None:
    first = row("ci")
    assert store.tokens.add(first)
    assert not store.tokens.add(row("ci"))
    assert [one.id for one in store.tokens.revoke("ci", NOW)] == [first.id]
    assert store.tokens.add(row("ci"))


def test_revoking_is_by_name_or_id_and_once(store: Store) -> None:
    one, two = row("one"), row("two")
    assert store.tokens.add(one)
    assert store.tokens.add(two)
    assert [gone.name for gone in store.tokens.revoke(one.id, NOW)] == ["one"]
    assert store.tokens.revoke("one", NOW) == []
    found = {token.name: token.revoked_at for token in store.tokens.all()}
    assert found == {"one": NOW, "two": None}


def test_the_audit_tells_the_newest_first_and_forgets_the_old(store: Store) -> None:
    for minutes in range(3):
        at = NOW + timedelta(minutes=minutes)
        store.audit.add(AuditRow(at=at, actor="cli", action="token.create", target=f"t{minutes}", detail={"id": "x"}))
    assert [found.target for found in store.audit.latest(limit=2)] == ["t2", "t1"]
    assert store.audit.forget(NOW + timedelta(minutes=2)) == 2
    assert [found.target for found in store.audit.latest()] == ["t2"]


def test_a_session_that_was_ended_is_known_until_it_would_have_ended_by_itself(store: Store) -> None:
    store.sessions.end("one", NOW + timedelta(hours=1), NOW)
    store.sessions.end("one", NOW + timedelta(hours=1), NOW)  # signed out in two tabs
    assert store.sessions.is_ended("one")
    assert not store.sessions.is_ended("two")
    store.sessions.end("two", NOW + timedelta(hours=3), NOW + timedelta(hours=2))
    assert (store.sessions.is_ended("one"), store.sessions.is_ended("two")) == (False, True)
