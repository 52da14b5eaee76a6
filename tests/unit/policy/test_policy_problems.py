"""What is wrong in policy documents is told at once, each with its place and a suggestion."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from policy_samples import CHECK, SCHEMA, SETTINGS, documents, policy, several

from app.errors import PolicyError
from app.policy.documents import load, load_texts
from app.policy.examples import run_examples


def problems(rule: str = "require: g.ok", **others: str) -> list[str]:
    with pytest.raises(PolicyError) as refused:
        policy(rule, **others)
    return [str(problem) for problem in refused.value.problems]


TOLD = "g.okk is not a declared fact, item field or parameter; did you mean g.ok?"


@pytest.mark.parametrize(
    ("rule", "line", "column"),
    [
        ("require: g.fine && g.okk", 11, 24),
        ('require: "g.fine && g.okk"', 11, 25),
        ("require: 'g.fine && g.okk'", 11, 25),
        ("require: >-\n  g.fine\n  && g.okk", 13, 10),
        ("require: |\n  g.fine\n  && g.okk", 13, 10),
        ("require: |\n\n  g.fine\n    && g.okk", 14, 12),
        ("require: g.fine\n  && g.okk", 12, 10),
        ("require: 'size(''a'') > 0 && g.okk'", 11, 34),
        ('require: "size(\\"a\\") > 0 && g.okk"', 11, 34),
    ],
)
def test_a_mistake_in_a_rule_is_told_at_its_place_in_the_file(rule: str, line: int, column: int) -> None:
    assert problems(rule) == [f"checks/area.yaml:{line}:{column}: `require`: {TOLD}"]


@pytest.mark.parametrize(
    ("rule", "message"),
    [
        ("require: g.fine &&", "mismatched input"),
        ("require: size('a')", "must say true or false, but gives INT"),
        ("require: g.ok == 'x'", "no matching overload"),
        ("require: item.good", "item.good is not a declared fact"),
        ("each: g.list\nrequire: item.for == '5m'", "item.for"),
        ("each: g.lst\nrequire: g.ok", "g.lst is none; did you mean g.list?"),
        ("require: g.ok\nwhere: g.fine", "`where` and `unknown` need `each`"),
        ("require: g.ok\nminimum: 1", "`minimum` needs `each`"),
        ("each: g.list\nrequire: item.good\nminimum: 1\nat_least: 0.5", "give one of them"),
        ("each: g.list\nrequire: item.good\nat_least: 1.5", "`at_least` must be a number from 0 to 1"),
        ("require: g.ok\nrequires: d", "c requires d, which does not exist"),
        ("require: g.ok\nrequires: c", "checks require each other: c → c"),
        ("require: g.ok\nafter: c", "checks come after each other: c → c"),
        ("require: g.ok\nafter: d", "c comes after d, which does not exist"),
        ("require: g.ok\nrequirse: c", "`requirse` is not known in a check; did you mean requires?"),
        ("require: g.ok\nefort: 5m", "`efort` is not known in a check; did you mean effort?"),
        ("require: g.ok\nparameters: {n: {type: whole, default: 1, doc: d}}", "`type` must be one of"),
        ("require: g.ok\nparameters: {n: {type: int, default: x, doc: d}}", "`default` must be of type int"),
        ("require: g.ok\nparameters: {n: {type: int, default: 99999999999999999999, doc: d}}", "64 bits"),
        ("require: g.ok\nparameters: {n: {type: int, default: 1, doc: d, by_tier: {t9: 2}}}", "t9 is no tier"),
        ("require: g.ok\nparameters: {for: {type: int, default: 1, doc: d}}", "“params.for” can't be a name"),
    ],
)
def test_a_wrong_check_is_refused(rule: str, message: str) -> None:
    assert any(message in told for told in problems(rule)), problems(rule)


def test_the_parameter_of_another_check_is_not_known() -> None:
    checks = several(
        ("c", "require: g.ok || params.most > 1"),
        ("d", "require: g.ok && params.most > 1\nparameters: {most: {type: int, default: 2, doc: Most}}"),
        ("e", "require: g.ok\nparameters: {for: {type: int, default: 2, doc: A word of CEL}}"),
    )
    with pytest.raises(PolicyError) as refused:
        load_texts(documents("") | {"checks/area.yaml": checks}, SCHEMA)

    assert [str(problem) for problem in refused.value.problems] == [
        "checks/area.yaml:11:22: `require`: params.most is not a declared fact, item field or parameter",
        "checks/area.yaml:30:14: `require`: “params.for” can't be a name in rules: use a–z, _ and dots, "
        "and no CEL keyword",
    ]


@pytest.mark.parametrize(
    ("requires", "line", "column"),
    [("requires: d", 12, 5), ("requires: [c2, d]", 12, 20), ("requires:\n  - c2\n  - d", 14, 9)],
)
def test_a_prerequisite_that_does_not_exist_is_told_where_it_is_written(requires: str, line: int, column: int) -> None:
    checks = several(("c", f"require: g.ok\n{requires}"), ("c2", "require: g.fine"))
    with pytest.raises(PolicyError) as refused:
        load_texts(documents("") | {"checks/area.yaml": checks}, SCHEMA)

    told = next(problem for problem in refused.value.problems if "d, which does not exist" in problem.message)
    assert (told.line, told.column) == (line, column)


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ("tiers: 5\n", "1:1: `tiers` must be a text or a list of texts"),
        ("- 1\n", "1:1: policy.yaml must be a mapping"),
        ("teirs: [t1]\n", "`teirs` is not known in policy.yaml; did you mean tiers?"),
        ("tiers: [t1, t2]\ndefault_tier: t3\n", "2:1: `default_tier`: t3 is none of `tiers`"),
        (SETTINGS + "tier_aliases: {t3: [low]}\n", "t3 is none of `tiers`"),
        (SETTINGS + "scorecards:\n  - crad\n", "4:5: `scorecards`: there is no scorecard crad; did you mean card?"),
        (SETTINGS + "sources_out_of_scope: [aera]\n", "aera is no area and no check; did you mean area?"),
        (SETTINGS + "attribution: {labels: 5}\n", "`labels` must be a text or a list of texts"),
        (SETTINGS + "oncall: {annotations: {a: 5}}\n", "must map annotations to names of tools"),
    ],
)
def test_wrong_settings_are_refused(settings: str, message: str) -> None:
    assert any(message in told for told in problems(policy=settings)), problems(policy=settings)


@pytest.mark.parametrize(
    ("waiver", "message"),
    [
        ("{entity: x, check: c, reason: r, until: 2030-01-01, approved_by: o}", "“x” needs a kind"),
        ("{entity: 'component:x', check: c, reason: r, approved_by: o}", "a waiver needs `until`"),
        ("{entity: 'component:x', check: d, reason: r, until: 2030-01-01, approved_by: o}", "there is no check d"),
        ("{entity: 'component:x', check: c, reason: r, until: soon, approved_by: o}", "`until` must be a date"),
    ],
)
def test_a_wrong_waiver_is_refused(waiver: str, message: str) -> None:
    assert any(message in told for told in problems(waivers=f"waivers: [{waiver}]"))


@pytest.mark.parametrize(
    ("card", "message"),
    [
        ("  - {check: cc, level: bronze, weight: 1}\n", "there is no check cc; did you mean c?"),
        ("  - {check: c, level: bronce, weight: 1}\n", "bronce is no level of this scorecard; did you mean bronze?"),
        ("  - {check: c, level: bronze, weight: 0}\n", "`weight` must be a number from 1 to 100"),
        ("  - {check: c, level: bronze, weight: 1, tiers: [t9]}\n", "`tiers`: t9 is no tier of policy.yaml"),
        ("  - {check: c, level: bronze}\n  - {check: c, level: bronze}\n", "c stands here twice"),
    ],
)
def test_a_wrong_entry_of_a_scorecard_is_refused(card: str, message: str) -> None:
    assert any(message in told for told in problems(card=card))


def test_everything_wrong_is_told_at_once() -> None:
    told = problems(
        "require: g.okk\nefort: 5m", card="  - {check: c, level: bronce, weight: 1}\n", policy="teirs: []\n"
    )

    assert [line.split(":")[0] for line in told] == ["card.yaml", *["checks/area.yaml"] * 2, "policy.yaml"]


def test_a_prerequisite_must_not_stand_at_a_higher_level() -> None:
    texts = documents("require: g.ok", card="  - {check: c, level: bronze}\n  - {check: d, level: silver}\n")
    texts["checks/area.yaml"] = several(("c", "require: g.ok\nrequires: d"), ("d", "require: g.fine"))

    with pytest.raises(PolicyError, match="c requires d, which must stand before it at the same or a lower level"):
        load_texts(texts, SCHEMA)


@pytest.mark.parametrize(
    ("example", "message"),
    [
        ("{facts: {g.ok: 5}, outcome: error}", "g.ok must be of type bool"),
        ("{facts: {g.ko: true}, outcome: pass}", "g.ko is not a fact; did you mean g.ok?"),
        ("{facts: {g.list: [{nam: a}]}, outcome: pass}", "g.list has no field nam; did you mean name?"),
        ("{facts: {g.list: [{runbook: {state: 5}}]}, outcome: pass}", "g.list.runbook.state must be of type string"),
        ("{facts: {}, unknown: {g.ok: secret}, outcome: unknown}", "“secret” is no reason"),
        ("{facts: {}, entity: {tpye: api}, outcome: pass}", "an entity has no tpye; did you mean type?"),
        ("{facts: {}, entity: {type: 5}, outcome: pass}", "entity.type must be of type string"),
        ("{facts: {}, parameters: {n: 5}, outcome: pass}", "the check has no parameter n"),
        ("{facts: {}, outcome: green}", "`outcome` “green” is none"),
    ],
)
def test_a_wrong_example_is_refused(example: str, message: str) -> None:
    texts = documents("require: g.ok")
    texts["checks/area.yaml"] = texts["checks/area.yaml"].replace("{facts: {}, outcome: unknown}", example)

    with pytest.raises(PolicyError) as refused:
        load_texts(texts, SCHEMA)
    assert any(message in str(problem) for problem in refused.value.problems), refused.value


def test_an_example_that_does_not_hold_and_a_missing_kind_of_example_are_told() -> None:
    loaded = policy("require: g.ok || !g.ok || true")

    assert [failure.message for failure in run_examples(loaded)] == [
        "has no example of pass, fail",
        "expected unknown, got pass (no reason)",
    ]


def test_a_remediation_may_only_name_what_the_schema_has() -> None:
    texts = documents("require: g.ok")
    texts["checks/area.yaml"] = texts["checks/area.yaml"].replace("{{ entity.name }}", "{{ entity.nmae }}")

    with pytest.raises(PolicyError, match=r"entity\.nmae is not a name of the schema; did you mean entity\.name\?"):
        load_texts(texts, SCHEMA)


def test_a_file_that_is_no_text_is_a_problem_and_not_a_crash(tmp_path: Path) -> None:
    (tmp_path / "card.yaml").write_bytes(b"id: \xff\n")

    with pytest.raises(PolicyError, match=r"card\.yaml:1:1: is not valid UTF-8 text"):
        load(tmp_path, SCHEMA)


def test_an_empty_folder_is_no_policy(tmp_path: Path) -> None:
    with pytest.raises(PolicyError, match="holds no policy"):
        load(tmp_path, SCHEMA)


@pytest.mark.parametrize("text", ["", "[]", "5", "a: [", "checks: 5\narea: a\n", "checks: [5, null, []]\narea: a\n"])
@pytest.mark.parametrize("name", ["checks/area.yaml", "card.yaml", "waivers.yaml", "policy.yaml"])
def test_any_shape_of_document_is_refused_with_places(name: str, text: str) -> None:
    texts = documents("require: g.ok") | {name: text}
    if not text and name in ("waivers.yaml", "policy.yaml"):
        assert set(load_texts(texts, SCHEMA).checks) == {"c"}
        return

    with pytest.raises(PolicyError) as refused:
        load_texts(texts, SCHEMA)
    assert all(re.match(r"[a-z/.]+:\d+:\d+: .", str(problem)) for problem in refused.value.problems)


def test_the_version_is_of_the_documents_alone() -> None:
    first, again, other = policy("require: g.ok"), policy("require: g.ok"), policy("require: g.fine")

    assert first.version == again.version != other.version
    assert load_texts(first.documents, SCHEMA).version == first.version


def test_a_check_keeps_its_line() -> None:
    assert (policy("require: g.ok").checks["c"].path, CHECK.splitlines()[2]) == ("checks/area.yaml", "  - id: c")
    assert policy("require: g.ok").checks["c"].line == 3


def test_a_file_that_can_not_be_parsed_is_told_alone_and_what_it_would_hold_is_not_missed() -> None:
    texts = documents("require: g.ok")
    for path in ("checks/area.yaml", "card.yaml"):
        with pytest.raises(PolicyError) as refused:
            load_texts(texts | {path: texts[path] + "x: [\n"}, SCHEMA)
        assert [problem.path for problem in refused.value.problems] == [path]
