"""A forge that never answers costs its own repositories' scores, and nobody else's time."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

from git_server import GitServer
from organisation import component

from app.pipeline.crawl import crawl
from app.repos.author import Commit, write
from app.services import build
from app.settings import load

NOW = datetime(2026, 11, 24, tzinfo=UTC)


def test_a_host_that_hangs_does_not_starve_the_others(tmp_path: Path) -> None:
    names = [f"service-{number}" for number in range(3)]
    for name in names:
        write(tmp_path / "served" / name, [Commit(NOW, {"catalog-info.yaml": component(name).encode()})])
    with GitServer(tmp_path / "served") as hanging, GitServer(tmp_path / "served") as well:
        hanging.fault = "hang"
        good = [well.url(name).replace("127.0.0.1", "localhost") for name in names]
        urls = [*(hanging.url(name) for name in names), *good]
        (tmp_path / "roadworthy.yaml").write_text(
            f"sources: {{repositories: {urls}}}\ntransport: {{allow_http: true}}\nmirrors: {{timeout: 3s}}\n"
        )
        pipeline = build(load(tmp_path / "roadworthy.yaml", {}), clock=lambda: NOW)
        ended: list[str] = []
        done = crawl(pipeline, concurrency=2, progress=lambda _done, _total, name: ended.append(name))
        hanging.release.set()
    outcomes = {ref.ref.name for ref in pipeline.store.entities.load()[1] if not ref.provisional}
    pipeline.store.close()
    pipeline.git.close()
    last_good = max(ended.index(url) for url in good)
    assert sum(url not in good for url in ended[:last_good]) <= 2, ended
    assert sorted(done.failures) == sorted(hanging.url(name) for name in names)
    assert all("took longer than 3 seconds" in error for error in done.failures.values())
    assert outcomes == set(names)
