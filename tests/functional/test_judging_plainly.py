"""The sample organisation, judged by `evaluate` and plainly: every byte of every result is the same."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path

from plain_judging import same

from app.facts.model import Facts
from app.pipeline.crawl import crawl
from app.pipeline.scoring import subject_of
from app.policy.evaluate import applies
from app.sample.build import build as build_sample
from app.services import build
from app.settings import load

START = datetime(2026, 11, 24, tzinfo=UTC)


def test_the_sample_organisation_is_judged_as_plainly_today_and_in_a_year(tmp_path: Path) -> None:
    build_sample(tmp_path / "org", services=16, now=START)
    pipeline = build(load(tmp_path / "org" / "roadworthy.yaml", {}), clock=lambda: START)
    crawl(pipeline)
    catalog, policy = pipeline.catalog(), pipeline.policy
    outcomes = set()
    for entity in catalog.entities.values():
        fact_sets = pipeline.store.judgements.facts(entity.ref)
        for now in (START, START + timedelta(days=365)) if fact_sets else ():
            subject = subject_of(entity, catalog, pipeline.parameters)
            for card in policy.scorecards.values():
                if applies(card, subject):
                    result = same(policy, card, subject, Facts.merge(fact_sets, now), now)
                    outcomes |= {str(check.outcome) for check in result.checks}
    pipeline.store.close()
    pipeline.git.close()
    assert outcomes >= {"pass", "fail", "unknown"}
