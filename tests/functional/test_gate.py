"""A proposed change, judged from its own commits in a real repository: what it moves, and nothing else."""

from __future__ import annotations

import pytest
from organisation import RUNBOOK, TEAM, Organisation, alert, component

from app.errors import RepositoryError
from app.pipeline.gate import Proposal, judge_change
from app.policy.change_report import Wording, text_of
from app.web import create_app

REF = "refs/pull/7/head"


@pytest.fixture
def organisation(tmp_path):
    made = Organisation(tmp_path).open()
    made.repository("catalog", {"catalog-info.yaml": TEAM})
    made.repository("shop", {"catalog-info.yaml": component("shop"), "alerts.yaml": alert("Burning", "TODO")})
    made.crawl()
    yield made
    made.close()


def propose(organisation, files, name="shop"):
    """A branch off main with these files, published as pull request 7; main goes on without it."""
    organisation.git(name, "checkout", "-q", "-b", "topic")
    organisation.push(name, files)
    organisation.git(name, "update-ref", REF, "HEAD")
    organisation.git(name, "checkout", "-q", "main")
    return Proposal(organisation.url(name), REF, "main")


def moved(verdict, how):
    return {(turn.entity.rsplit("/", 1)[-1], turn.result.check.id) for turn in verdict.comparison.of(how)}


def test_old_debt_is_told_of_nobody(organisation):
    verdict = judge_change(organisation.pipeline, propose(organisation, {"README.md": "# Shop\n"}))

    assert verdict.comparison.turns == ()
    assert verdict.comparison.levels == ()
    assert verdict.comparison.entities == 1


def test_a_fix_is_better_and_a_new_alert_without_a_runbook_is_worse_in_that_place_only(organisation):
    second = alert("Freezing", "TODO").replace("groups:\n", "").replace("name: g", "name: h")
    proposal = propose(organisation, {"docs/runbook.md": RUNBOOK, "alerts.yaml": alert("Burning", "TODO") + second})

    verdict = judge_change(organisation.pipeline, proposal)

    assert ("shop", "service-runbook-present") in moved(verdict, "better")
    worse = {turn.result.check.id: turn for turn in verdict.comparison.of("worse")}
    assert [one.name for one in worse["alert-runbook-linked"].offenders] == ["Freezing"]
    assert worse["alert-runbook-linked"].offenders[0].place.line > 0


def test_deleting_a_runbook_makes_nothing_better_and_tells_once_what_only_waits_for_it(organisation):
    organisation.push("shop", {"docs/runbook.md": RUNBOOK, "alerts.yaml": alert("Burning", "docs/runbook.md")})
    organisation.crawl()
    proposal = propose(organisation, {"docs/runbook.md": None})

    verdict = judge_change(organisation.pipeline, proposal)

    assert moved(verdict, "better") == set()  # that there is one file less without a code owner mends nothing
    assert {("shop", "service-runbook-present"), ("shop", "alert-runbook-resolves")} <= moved(verdict, "worse")
    text = text_of(verdict.comparison, Wording())
    assert text.count("- **The service has a runbook**") == 1
    assert "- **Runbooks were reviewed" not in text
    assert "Until then fail too: " in text
    assert "…" not in text


@pytest.mark.parametrize(
    ("second", "mended"), [(None, []), ("groups: [\n", []), (alert("Freezing", "docs/runbook.md"), ["Freezing"])]
)
def test_of_two_faults_one_whose_file_went_or_broke_mends_nothing_and_one_that_was_mended_is_better(
    organisation, second, mended
):
    organisation.push("shop", {"docs/runbook.md": RUNBOOK, "more/alerts.yaml": alert("Freezing", "TODO")})
    organisation.crawl()

    verdict = judge_change(organisation.pipeline, propose(organisation, {"more/alerts.yaml": second}))

    better = {turn.result.check.id: turn.offenders for turn in verdict.comparison.of("better")}
    assert [one.name for one in better.get("alert-runbook-linked", ())] == mended
    assert bool(better) == bool(mended)


def test_the_remedy_of_a_new_place_names_that_place(organisation):
    second = alert("Freezing", "TODO").replace("groups:\n", "").replace("name: g", "name: h")
    verdict = judge_change(
        organisation.pipeline, propose(organisation, {"alerts.yaml": alert("Burning", "TODO") + second})
    )

    text = text_of(verdict.comparison, Wording())

    assert "    - Add the annotation runbook\\_url to Freezing (alerts.yaml:11)" in text
    assert "Burning" not in text


def test_old_debt_that_a_fix_has_asked_for_is_nobodys_and_a_new_alert_that_could_not_be_asked_about_is(organisation):
    """While one alert links no runbook, nobody asks whether the linked sections say what to do."""
    second = alert("Freezing", "docs/runbook.md#freezing").replace("groups:\n", "").replace("name: g", "name: h")
    linked = alert("Burning", "docs/runbook.md#burning")
    page = f"{RUNBOOK}\n\n## Freezing\n\nIt is cold.\n"
    files = {"docs/runbook.md": page, "alerts.yaml": alert("Burning", "TODO") + second}
    organisation.push("shop", files)
    organisation.crawl()
    third = second.replace("Freezing", "Melting").replace("name: h", "name: i").replace("freezing", "burning")

    verdict = judge_change(organisation.pipeline, propose(organisation, {"alerts.yaml": linked + second + third}))

    assert ("shop", "alert-runbook-linked") in moved(verdict, "better")
    worse = {turn.result.check.id: {one.name for one in turn.offenders} for turn in verdict.comparison.of("worse")}
    assert worse["alert-runbook-actionable"] == {"Burning", "Melting"}  # Freezing's section was as empty before


def test_what_was_reported_of_the_branch_stands_for_nothing_that_the_head_holds(organisation):
    """CI reported the alerts as its chart renders them on main, and who is on call; of the head it says nothing."""
    organisation.push("shop", {"docs/runbook.md": RUNBOOK, "alerts.yaml": alert("Burning", "docs/runbook.md#burning")})
    organisation.crawl()
    rendered = {"path": "out.yaml", "text": alert("Burning", "docs/runbook.md#burning")}
    oncall = {"provider": "pagerduty", "escalation_levels": 2, "schedule_users": 4}
    client = create_app(organisation.pipeline).test_client()
    for group, data in (("rendered", {"files": [rendered], "replaces": ["alerts.yaml"]}), ("oncall", oncall)):
        body = {"entity": "component:default/shop", "group": group, "source": "ci", "data": data}
        assert client.post("/api/v1/facts", json=body).status_code == 202
    organisation.push("shop", {"alerts.yaml": alert("Burning", "docs/runbook.md#burning") + "# again\n"})
    undeclared = component("shop").replace("{pagerduty.com/service-id: P1}", "{}")
    head = propose(organisation, {"alerts.yaml": alert("Burning", "TODO"), "catalog-info.yaml": undeclared})

    verdict = judge_change(organisation.pipeline, head)

    assert {("shop", "alert-runbook-linked"), ("shop", "oncall-declared")} <= moved(verdict, "worse")
    organisation.git("shop", "merge", "-q", "--ff-only", "topic")
    organisation.crawl()
    assert organisation.outcome("component:default/shop", "alert-runbook-linked") == "pass"  # as it was reported
    assert organisation.outcome("component:default/shop", "oncall-declared") == "pass"


def test_what_happened_on_main_meanwhile_is_not_the_changes_doing(organisation):
    proposal = propose(organisation, {"README.md": "# Shop\n"})
    organisation.push("shop", {"docs/runbook.md": RUNBOOK})
    organisation.crawl()

    verdict = judge_change(organisation.pipeline, proposal)

    assert verdict.comparison.turns == ()
    assert verdict.base != organisation.git("shop", "rev-parse", "main").strip()


def test_a_service_that_the_change_brings_is_judged_as_new(organisation):
    verdict = judge_change(organisation.pipeline, propose(organisation, {"till/catalog-info.yaml": component("till")}))

    assert {("till", "", "none")} == {
        (one.entity.rsplit("/", 1)[-1], one.before, one.after) for one in verdict.comparison.levels
    }
    assert ("till", "service-runbook-present") in moved(verdict, "worse")


def test_a_renamed_service_and_one_whose_descriptor_goes_keep_their_old_debt_and_are_told_by_both_names(organisation):
    organisation.repository("till", {"catalog-info.yaml": component("till"), "alerts.yaml": alert("Burning", "TODO")})
    organisation.crawl()
    renamed = judge_change(organisation.pipeline, propose(organisation, {"catalog-info.yaml": component("store")}))
    undeclared = judge_change(organisation.pipeline, propose(organisation, {"catalog-info.yaml": None}, "till"))

    assert moved(renamed, "worse") == set()
    text = text_of(renamed.comparison, Wording("https://rw.example"))
    old = "[`component:default/shop`](https://rw.example/entities/component/default/shop)"
    assert f"- {old} is declared no more; `component:default/store` is judged in its place" in text
    assert ("till", "catalog-entity-healthy") in moved(undeclared, "worse")
    assert ("till", "alert-runbook-linked") not in moved(undeclared, "worse")


def test_a_component_that_leaves_is_told_and_is_neither_better_nor_worse(organisation):
    files = {f"{part}/catalog-info.yaml": component(f"till-{part}") for part in "abc"}
    organisation.repository("tills", files)
    organisation.crawl()

    verdict = judge_change(organisation.pipeline, propose(organisation, {"b/catalog-info.yaml": None}, "tills"))

    assert (moved(verdict, "worse"), moved(verdict, "better")) == (set(), set())
    assert text_of(verdict.comparison, Wording()).splitlines()[:3] == [
        "### Roadworthy: 1 scored no more",
        "",
        "- `component:default/till-b` is scored no more",
    ]


def test_judging_a_change_stores_nothing_and_leaves_the_tip_alone(organisation):
    store = organisation.pipeline.store
    before = (store.changes.cursor(), store.repositories.get(organisation.url("shop"), organisation.now).tip)

    judge_change(organisation.pipeline, propose(organisation, {"catalog-info.yaml": component("renamed")}))

    assert (store.changes.cursor(), store.repositories.get(organisation.url("shop"), organisation.now).tip) == before
    organisation.crawl()
    assert organisation.result("component:default/shop")["id"]


def test_a_head_that_is_gone_says_so(organisation):
    with pytest.raises(RepositoryError, match="has no refs/pull/8/head"):
        judge_change(organisation.pipeline, Proposal(organisation.url("shop"), "refs/pull/8/head", "main"))
