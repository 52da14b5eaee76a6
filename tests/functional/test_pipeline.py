"""The main job on real git: what turns a verdict, and what never does."""

from datetime import timedelta

import pytest
from organisation import RUNBOOK, TEAM, Organisation, alert, component

from app.catalog.model import EntityRef
from app.catalog.providers.git_urls import GitUrls
from app.pipeline.judge import judge_found
from app.pipeline.refresh import refresh


@pytest.fixture
def organisation(tmp_path):
    made = Organisation(tmp_path).open()
    yield made
    made.close()


def service(link: str = "docs/runbook.md#burning") -> dict[str, str]:
    return {"catalog-info.yaml": component("shop"), "alerts.yaml": alert("Burning", link), "docs/runbook.md": RUNBOOK}


def test_a_crawl_scores_a_service_with_file_line_and_commit(organisation):
    organisation.repository("catalog", {"catalog-info.yaml": TEAM})
    organisation.repository("shop", service("docs/none.md"))
    organisation.crawl()
    assert organisation.result("shop")["level"] == "bronze"
    check = next(c for c in organisation.result("shop")["checks"] if c["id"] == "alert-runbook-resolves")
    tip = organisation.git("shop", "rev-parse", "HEAD").strip()
    assert check["outcome"] == "fail"
    assert [(o["path"], o["line"], o["commit"]) for o in check["offenders"]] == [("alerts.yaml", 4, tip)]


def test_what_a_person_waits_for_is_judged_without_waiting_for_others(organisation):
    for name in ("shop", "other"):
        organisation.repository(name, {**service("TODO"), "catalog-info.yaml": component(name)})
    organisation.crawl()
    store, links = organisation.pipeline.store, alert("Burning", "docs/runbook.md#burning")
    for name in ("other", "shop"):
        organisation.push(name, {"alerts.yaml": links})
        store.claims.hint(organisation.url(name), organisation.now, interactive=name == "shop")
    for claim in store.claims.claim_due(organisation.now, "worker", timedelta(minutes=1), limit=9):
        assert refresh(organisation.pipeline, claim).due == 1

    judge_found(organisation.pipeline, organisation.url("shop"))

    assert organisation.outcome("shop", "alert-runbook-linked") == "pass"
    assert organisation.outcome("other", "alert-runbook-linked") == "fail"
    assert organisation.judge() == 1
    assert organisation.outcome("other", "alert-runbook-linked") == "pass"


def test_a_hint_finds_the_new_default_branch_once_the_old_one_is_gone(organisation):
    organisation.repository("shop", service("TODO"))
    organisation.crawl()
    organisation.push("shop", {"alerts.yaml": alert("Burning", "docs/runbook.md#burning")})
    organisation.git("shop", "branch", "-m", "trunk")
    store = organisation.pipeline.store
    store.claims.hint(organisation.url("shop"), organisation.now)
    (claim,) = store.claims.claim_due(organisation.now, "worker", timedelta(minutes=1))

    refresh(organisation.pipeline, claim)

    tip = organisation.git("shop", "rev-parse", "trunk").strip()
    found = store.repositories.get(organisation.url("shop"), organisation.now)
    assert (found.branch, found.tip) == ("trunk", tip)


def test_a_sweep_that_finds_nothing_changes_no_result_and_tells_nothing(organisation):
    organisation.repository("shop", service())
    organisation.crawl()
    before = organisation.result("shop")
    again = organisation.crawl()
    assert (again.unchanged, again.judged) == (1, 0)
    assert organisation.result("shop") == before
    assert organisation.pipeline.store.changes.count() == 0


def test_a_push_turns_the_verdict_and_is_told_with_its_reason(organisation):
    organisation.repository("shop", service("TODO"))
    organisation.crawl()
    assert organisation.outcome("shop", "alert-runbook-linked") == "fail"
    organisation.push("shop", {"alerts.yaml": alert("Burning", "docs/runbook.md#burning")})
    organisation.crawl()
    assert organisation.outcome("shop", "alert-runbook-linked") == "pass"
    told = organisation.pipeline.store.changes.after(0)
    assert ("alert-runbook-linked", "fail", "pass", "code") in [
        (c.detail.get("check"), c.before, c.after, c.reason) for c in told
    ]


def test_deleting_another_repositorys_runbook_turns_the_alert_that_links_it(organisation):
    link = "https://git.acme.example/acme/books/blob/main/shop.md#burning"
    organisation.repository("books", {"shop.md": RUNBOOK}, origin="https://git.acme.example/acme/books")
    organisation.repository("shop", service(link))
    organisation.crawl()
    assert organisation.outcome("shop", "alert-runbook-resolves") == "pass"
    organisation.push("books", {"shop.md": None, "other.md": "# Other\n"})
    organisation.crawl()
    assert organisation.outcome("shop", "alert-runbook-resolves") == "fail"


def test_an_owner_that_goes_turns_the_services_it_owned(organisation):
    organisation.repository("catalog", {"catalog-info.yaml": TEAM})
    organisation.repository("shop", service())
    organisation.crawl()
    assert organisation.outcome("shop", "owner-is-team") == "pass"
    organisation.push(
        "catalog", {"catalog-info.yaml": TEAM.replace("name: team}", "name: crew}").replace("[team]", "[crew]")}
    )
    organisation.crawl()
    assert organisation.outcome("shop", "owner-is-team") == "fail"


def test_what_a_domain_gives_reaches_the_services_of_its_systems(organisation):
    part = "---\napiVersion: backstage.io/v1alpha1\nkind: {}\nmetadata: {{name: {}{}}}\nspec: {{owner: team{}}}\n"
    bare = component("shop").replace("  annotations: {pagerduty.com/service-id: P1}\n", "")
    organisation.repository("shop", {"catalog-info.yaml": bare.replace("owner: team", "owner: team, system: money")})
    organisation.repository("systems", {"system.yaml": part.format("System", "money", "", ", domain: trade")})
    organisation.crawl()
    assert organisation.outcome("shop", "oncall-declared") == "fail"
    domain = part.format("Domain", "trade", ", annotations: {pagerduty.com/service-id: P9}", "")
    organisation.repository("domains", {"domain.yaml": domain})
    organisation.crawl()
    assert organisation.outcome("shop", "oncall-declared") == "pass"
    organisation.push("domains", {"domain.yaml": part.format("Domain", "trade", "", "")})
    organisation.crawl()
    assert organisation.outcome("shop", "oncall-declared") == "fail"


def test_a_review_date_that_passes_turns_the_verdict_without_a_push(organisation):
    reviewed = f"---\nlast_reviewed: {organisation.now.date()}\n---\n{RUNBOOK}"
    organisation.repository("shop", {**service(), "docs/runbook.md": reviewed})
    organisation.crawl()
    assert organisation.outcome("shop", "runbook-fresh") == "pass"
    assert organisation.result("shop")["valid_until"] is not None
    organisation.now += timedelta(days=800)
    assert organisation.judge() == 1
    assert organisation.outcome("shop", "runbook-fresh") == "fail"
    assert {c.reason for c in organisation.pipeline.store.changes.after(0)} == {"time"}


def test_a_new_policy_judges_everything_again_and_a_bad_one_never_replaces_it(tmp_path, policy):
    folder = tmp_path / "scorecards"
    for name, text in policy.documents.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(text, "utf-8")
    organisation = Organisation(tmp_path / "org", settings="policy: {path: ../scorecards}\n")
    (tmp_path / "org").mkdir()
    organisation.open()
    organisation.repository("shop", service("TODO"))
    organisation.crawl()
    keeper = organisation.pipeline.policies
    good = keeper.current.version
    (folder / "service.yaml").write_text("id: [broken\n", "utf-8")
    assert not keeper.refresh()
    assert keeper.current.version == good
    assert "service.yaml:" in keeper.problem
    organisation.close()
    organisation.open()
    assert organisation.pipeline.policies.current.version == good
    text = policy.documents["service.yaml"].replace(
        "{check: alert-runbook-linked, level: bronze", "{check: alert-runbook-linked, level: silver"
    )
    (folder / "service.yaml").write_text(text, "utf-8")
    assert organisation.pipeline.policies.refresh()
    assert organisation.judge() == 1
    assert organisation.result("shop")["policy_version"] != good
    organisation.close()


def test_central_alerts_and_runbooks_serve_a_service_that_holds_none(tmp_path):
    settings = (
        "evidence_repositories:\n  - {url: ./repositories/alerts, provides: [alerts]}\n"
        "  - {url: ./repositories/books, provides: [runbooks]}\n"
    )
    organisation = Organisation(tmp_path, settings=settings).open()
    link = "https://git.acme.example/acme/books/blob/main/shop.md#burning"
    organisation.repository(
        "alerts", {"a.yaml": alert("Burning", link, service="shop"), "b.yaml": alert("Lost", link, service="fax")}
    )
    organisation.repository("books", {"shop.md": RUNBOOK}, origin="https://git.acme.example/acme/books")
    organisation.repository("shop", {"catalog-info.yaml": component("shop")})
    organisation.repository("other", {"catalog-info.yaml": component("other")})
    organisation.crawl()
    assert organisation.outcome("shop", "alert-rules-present") == "pass"
    assert organisation.outcome("shop", "alert-runbook-resolves") == "pass"
    assert organisation.outcome("shop", "service-runbook-present") == "pass"
    assert organisation.outcome("other", "alert-rules-present") == "fail"
    nobodys = [
        (o.path, o.why) for o in organisation.pipeline.store.objects.unattributed().items if o.kind == "alert_rule"
    ]
    assert nobodys == [("b.yaml", "label service is “fax”, which is no entity's name")]
    organisation.close()


def test_a_shared_root_file_of_a_monorepo_counts_for_nobody(organisation):
    organisation.repository(
        "mono",
        {
            "a/catalog-info.yaml": component("a"),
            "b/catalog-info.yaml": component("b"),
            "b/alerts.yaml": alert("Burning", "x.md"),
            "shared.yaml": alert("Shared", "TODO"),
        },
    )
    organisation.crawl()
    assert organisation.outcome("a", "alert-rules-present") == "fail"
    assert organisation.outcome("b", "alert-rules-present") == "pass"
    assert organisation.outcome("b", "alert-runbook-linked") == "pass"
    assert [o.path for o in organisation.pipeline.store.objects.unattributed().items] == ["shared.yaml"]


def test_deleting_all_evidence_of_a_kind_never_raises_a_level_or_score(organisation):
    organisation.repository("catalog", {"catalog-info.yaml": TEAM})
    organisation.repository("shop", service())
    organisation.crawl()
    order = ["not_rated", "none", "bronze", "silver", "gold"]
    full = organisation.result("shop")
    for path, text in service().items():
        if path == "catalog-info.yaml":
            continue
        organisation.push("shop", {path: None})
        organisation.crawl()
        less = organisation.result("shop")
        assert order.index(less["level"]) <= order.index(full["level"])
        assert less["score"] <= full["score"]
        organisation.push("shop", {path: text})


def test_a_hostile_or_broken_repository_costs_only_its_own_score(organisation):
    bomb = "a: &a [x,x,x,x,x,x,x,x,x]\n" + "".join(
        f"{n}: &{n} [{','.join(['*' + p] * 9)}]\n" for p, n in zip("abcdefgh", "bcdefghi", strict=True)
    )
    organisation.repository("shop", service())
    organisation.repository(
        "bomb", {"catalog-info.yaml": bomb, "deep.yaml": "[" * 100_000, "bin.yaml": b"\xff\xfe\xfa" * 99}
    )
    organisation.repository("empty", {})
    organisation.git("empty", "update-ref", "-d", "HEAD")
    (organisation.path("gone")).mkdir()
    (organisation.path("gone") / "HEAD").write_text("ref: refs/heads/main\n")
    (organisation.path("gone") / "objects").mkdir()
    (organisation.path("gone") / "refs").mkdir()
    done = organisation.crawl()
    assert set(done.failures) == {organisation.url("empty"), organisation.url("gone")}
    assert organisation.outcome("shop", "alert-rules-present") == "pass"
    assert organisation.result("bomb")["level"] == "none"
    assert organisation.outcome("empty", "alert-rules-present") == "unknown"


def test_a_repository_without_a_descriptor_gets_a_provisional_component(organisation):
    organisation.repository("lonely", {"Dockerfile": "FROM scratch\n"})
    organisation.crawl()
    entity = organisation.pipeline.store.entities.get(EntityRef("component", "default", "lonely"))
    assert entity is not None
    assert entity.provisional
    assert organisation.outcome("lonely", "catalog-entity-healthy") == "fail"


def test_a_folder_that_can_not_be_listed_orphans_nothing_and_one_that_lost_a_repository_orphans_it(organisation):
    import shutil

    organisation.repository("shop", service())
    organisation.repository("old", {"catalog-info.yaml": component("old")})
    organisation.crawl()
    moved = organisation.folder / "away"
    (organisation.folder / "repositories").rename(moved)
    organisation.crawl()
    (provider,) = organisation.pipeline.store.repositories.providers()
    assert "is not a folder" in provider.error
    assert len(organisation.pipeline.store.repositories.urls()) == 2
    moved.rename(organisation.folder / "repositories")
    shutil.rmtree(organisation.path("old"))
    organisation.crawl()
    assert organisation.pipeline.store.repositories.urls() == [organisation.url("shop")]
    entity = organisation.pipeline.store.entities.get(EntityRef("component", "default", "old"))
    assert entity is not None
    assert entity.orphan


def test_a_vanished_branch_is_resolved_again(organisation):
    organisation.repository("shop", service("TODO"), branch="trunk")
    organisation.crawl()
    organisation.git("shop", "branch", "-m", "trunk", "main")
    organisation.push("shop", {"alerts.yaml": alert("Burning", "docs/runbook.md#burning")})
    organisation.crawl()
    assert organisation.outcome("shop", "alert-runbook-linked") == "pass"


def test_the_default_branch_is_asked_for_again_after_a_day_though_the_old_one_is_still_there(organisation):
    organisation.repository("shop", service("TODO"), branch="trunk")
    organisation.pipeline.providers = [GitUrls([organisation.url("shop")])]  # which tells no branch
    organisation.crawl()
    organisation.git("shop", "checkout", "-q", "-b", "main")
    organisation.push("shop", {"alerts.yaml": alert("Burning", "docs/runbook.md#burning")})

    organisation.now += timedelta(hours=21)
    organisation.crawl()
    assert organisation.outcome("shop", "alert-runbook-linked") == "fail"
    organisation.now += timedelta(hours=2)
    organisation.crawl()
    assert organisation.outcome("shop", "alert-runbook-linked") == "pass"


def test_the_default_branch_of_a_local_repository_is_followed_with_the_next_discovery(organisation):
    organisation.repository("shop", service("TODO"), branch="trunk")
    organisation.crawl()
    organisation.git("shop", "checkout", "-q", "-b", "main")
    organisation.push("shop", {"alerts.yaml": alert("Burning", "docs/runbook.md#burning")})
    organisation.crawl(later=timedelta(seconds=1))
    assert organisation.outcome("shop", "alert-runbook-linked") == "pass"


def test_planted_secrets_reach_neither_database_nor_results(organisation):
    key, hook = "0123456789abcdef0123456789abcdef", "https://hooks.slack.com/services/T000/B000/plantedplanted"
    text = component("shop").replace(
        "pagerduty.com/service-id: P1", f"pagerduty.com/integration-key: {key}, acme/hook: '{hook}'"
    )
    organisation.repository(
        "shop",
        {
            **service(),
            "catalog-info.yaml": text,
            "a.yaml": alert("Leaky", "https://ada:plantedplanted@wiki.acme.example/x"),
            "am.yaml": f"route: {{receiver: a}}\nreceivers:\n  - name: a\n    slack_configs: [{{api_url: '{hook}'}}]\n",
        },
    )
    organisation.crawl()
    assert organisation.outcome("shop", "oncall-declared") == "pass"
    assert organisation.outcome("shop", "oncall-key-not-committed") == "fail"
    organisation.pipeline.store.close()
    for file in (organisation.folder / ".roadworthy").glob("roadworthy.db*"):
        data = file.read_bytes()
        assert key.encode() not in data
        assert b"plantedplanted" not in data


ROUTES = """route:
  receiver: chat
  routes: [{receiver: pager, matchers: [severity="page"]}]
receivers: [{name: chat, slack_configs: [{channel: x}]}, {name: pager, pagerduty_configs: [{routing_key: k}]}]
"""


def test_a_shared_alertmanager_decides_whether_pages_arrive_and_turns_verdicts_without_a_push_here(tmp_path):
    check = "alert-route-reaches-pager"
    url = (tmp_path / "repositories" / "alertmanager").as_uri()
    settings = f"evidence_repositories: [{{url: '{url}', provides: [alertmanager]}}]\n"
    organisation = Organisation(tmp_path, settings).open()
    organisation.repository("alertmanager", {"README.md": "nothing yet"})
    organisation.repository("shop", service())
    organisation.crawl()
    assert organisation.outcome("shop", check) == "unknown"
    assert "no Alertmanager configuration" in organisation.reason("shop", check)

    organisation.push("alertmanager", {"alertmanager.yml": ROUTES})
    organisation.crawl()
    assert organisation.outcome("shop", check) == "pass"

    organisation.push("alertmanager", {"alertmanager.yml": ROUTES.replace('"page"', '"never"')})
    organisation.crawl()
    assert organisation.outcome("shop", check) == "fail"
    organisation.close()
