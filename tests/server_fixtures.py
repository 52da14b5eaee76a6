"""Fixtures of real servers: a clean PostgreSQL database for each test, a clean Redis database for each test."""

from __future__ import annotations

import psycopg
import pytest
import redis
import servers
from psycopg import sql

from app.store import migrate


@pytest.fixture(scope="session")
def postgres_server(tmp_path_factory: pytest.TempPathFactory) -> str:
    """The session's PostgreSQL: `postgresql://user@host:port`."""
    return servers.postgres(tmp_path_factory)


@pytest.fixture(scope="session")
def _worker_database(postgres_server: str) -> str:
    """This xdist worker's database with the current schema. It sorts as English does, as many a server would."""
    url = servers.create_database(postgres_server, f"roadworthy_{servers.worker_name()}")
    migrate.upgrade(url)
    return url


@pytest.fixture
def postgres_url(_worker_database: str) -> str:
    """A PostgreSQL database with the current schema and not one row."""
    with psycopg.connect(_worker_database, autocommit=True) as connection:
        named = "SELECT tablename FROM pg_tables WHERE schemaname = 'public' AND tablename <> 'alembic_version'"
        tables = sql.SQL(", ").join(sql.Identifier(row[0]) for row in connection.execute(named))
        connection.execute(sql.SQL("TRUNCATE {} RESTART IDENTITY CASCADE").format(tables))
    return _worker_database


@pytest.fixture(scope="session")
def redis_server(tmp_path_factory: pytest.TempPathFactory) -> str:
    """The session's Redis: `redis://host:port`."""
    return servers.redis(tmp_path_factory)


@pytest.fixture
def redis_url(redis_server: str) -> str:
    """An empty Redis database of this xdist worker's own."""
    name = servers.worker_name()
    number = int(name.removeprefix("gw")) if name.startswith("gw") else 63
    url = f"{redis_server}/{number}"
    with redis.Redis.from_url(url) as client:
        client.flushdb()
    return url


@pytest.fixture
def empty_postgres_url(postgres_server: str) -> str:
    """A PostgreSQL database without a schema, for tests of migrations."""
    return servers.create_database(postgres_server, f"empty_{servers.worker_name()}")
