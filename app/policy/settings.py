"""Reading `policy.yaml`: tiers, types, and the keys by which files and entities are understood. Whole, or refused."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import timedelta
from typing import Any

from app.lib.times import parse_instant
from app.policy.reader import Reader, suggestion
from app.policy.written import PolicyProblem

PATH = "policy.yaml"
_LONGEST = timedelta(days=366)
_LISTS = ("tiers", "tier_keys", "lifecycles", "scorecards", "sources_out_of_scope")
_SECTIONS: Mapping[str, tuple[str, ...]] = {
    "contacts": ("annotations", "link_words"),
    "runbooks": ("annotations", "link_words"),
    "clusters": ("required_alerts",),
    "proofs": ("load_test", "restore_test", "recovery_test"),
    "recovery": ("rto", "rpo"),
    "pipelines": ("annotations",),
    "types": ("serving", "unscored", "databases", "clusters"),
    "alertmanager": ("paging", "opaque"),
    "attribution": ("keys", "labels"),
}


def read_settings(node: Any, areas: Iterable[str], problems: list[PolicyProblem]) -> dict[str, Any]:
    """The settings, every list of texts a list, once each is known to be of its shape; {} where there are none.

    `areas`: what `sources_out_of_scope` may name (areas and ids of checks).
    """
    if node is None:
        return {}
    before = len(problems)
    reader = Reader(PATH, node, "policy.yaml", problems)
    lists = {name: reader.texts(name) for name in _LISTS}
    _read_default_tier(reader, lists["tiers"])
    _read_aliases(reader, lists["tiers"])
    for name in lists["sources_out_of_scope"]:
        if name not in (known := set(areas)):
            reader.refuse(f"{name} is no area and no check{suggestion(name, known)}", "sources_out_of_scope")
    made = dict(node) if isinstance(node, dict) else {}
    made |= {name: list(texts) for name, texts in lists.items() if name in made}
    for section, keys in _SECTIONS.items():
        inner = _section(reader, section)
        texts = {key: list(inner.texts(key)) for key in keys}
        if section in made:
            made[section] = {key: given for key, given in texts.items() if inner.node.get(key) is not None}
        inner.finish()
    inner = _section(reader, "oncall")
    for key in ("annotations", "secret"):
        if not all(isinstance(tool, str) for tool in inner.mapping(key).values()):
            inner.refuse(f"`{key}` must map annotations to names of tools", key)
    inner.finish()
    _read_objectives(reader, lists["tiers"])
    _read_end_of_life(_section(reader, "end_of_life"))
    waivers = _section(reader, "waivers")
    if waivers.duration("longest") > _LONGEST:
        waivers.refuse(
            f"`longest` must be at most {_LONGEST.days}d: what holds longer belongs in waivers.yaml", "longest"
        )
    waivers.finish()
    reader.finish()
    return made if len(problems) == before else {}


def _read_objectives(reader: Reader, tiers: tuple[str, ...]) -> None:
    """Where a first objective of a tier begins: tier → percent."""
    for tier, percent in reader.mapping("objectives").items():
        if tier not in tiers:
            reader.refuse(f"`objectives`: {tier} is none of `tiers`{suggestion(tier, tiers)}", "objectives")
        if isinstance(percent, bool) or not isinstance(percent, int | float) or not 0 < percent < 100:
            reader.refuse(f"`objectives`: {tier} needs a percentage below 100, such as 99.9", "objectives")


def _read_end_of_life(reader: Reader) -> None:
    """Dates on which the support of versions ends: product → version → ISO 8601 date, and where they are from."""
    reader.text("source", needed=bool(reader.node))
    for product, versions in reader.mapping("versions").items():
        if not isinstance(versions, dict) or not versions:
            reader.refuse(f"`versions`: {product} must map versions to dates", "versions")
            continue
        for version, written in versions.items():
            try:
                parse_instant(str(written))
            except ValueError:
                reader.refuse(f"`versions`: {product} {version} needs a date such as 2027-03-31", "versions")
    reader.finish()


def _section(reader: Reader, name: str) -> Reader:
    reader.mapping(name)
    node = reader.node.get(name)
    return Reader(PATH, node if isinstance(node, dict) else {}, f"`{name}`", reader.problems)


def _read_default_tier(reader: Reader, tiers: tuple[str, ...]) -> None:
    default = reader.text("default_tier", needed=bool(tiers))
    if default and default not in tiers:
        reader.refuse(f"`default_tier`: {default} is none of `tiers`{suggestion(default, tiers)}", "default_tier")


def _read_aliases(reader: Reader, tiers: tuple[str, ...]) -> None:
    for tier, names in reader.mapping("tier_aliases").items():
        if tier not in tiers:
            reader.refuse(f"`tier_aliases`: {tier} is none of `tiers`{suggestion(tier, tiers)}", "tier_aliases")
        if not isinstance(names, list) or not all(isinstance(name, str | int) for name in names):
            reader.refuse(f"`tier_aliases`: the other names of {tier} must be a list", "tier_aliases")
