"""The `store` of the contract suites: one fixture, every backend. Another database joins in `BACKENDS`."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from app.store import migrate
from app.store.store import Store


def _sqlite(folder: Path) -> str:
    return f"sqlite:///{folder / 'store.db'}"


BACKENDS: dict[str, Callable[[Path], str]] = {"sqlite": _sqlite}


@pytest.fixture(params=sorted(BACKENDS))
def store_url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """The URL of a fresh database with the current schema."""
    url = BACKENDS[request.param](tmp_path)
    migrate.upgrade(url)
    return url


@pytest.fixture
def store(store_url: str) -> Iterator[Store]:
    store = Store.open(store_url)
    yield store
    store.close()
