"""What `policy preview` tells: whose level and which checks another policy would turn, counted and one by one."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from rich.markup import escape

from app.cli import scorecard_text

if TYPE_CHECKING:
    from app.pipeline.remote_preview import Previewed
    from app.policy.model import Policy, Scorecard
    from app.settings import Settings

_PAGE, _SHOWN = 500, 40
Item = Mapping[str, Any]


def here(policy: Policy, settings: Settings) -> Previewed:
    """The impact on what the settings' database has stored."""
    from app.catalog.model import Catalog
    from app.pipeline.preview import impact_json, preview
    from app.pipeline.remote_preview import Previewed
    from app.services import open_store

    store, now = open_store(settings), datetime.now(UTC)
    last = store.policies.last()
    catalog = Catalog.of(store.entities.load()[1])
    items: list[dict[str, Any]] = []
    refs, looked_at = store.served.refs(limit=_PAGE), 0
    while refs:
        items += map(impact_json, preview(store, catalog, policy, refs, now))
        looked_at += len(refs)
        refs = store.served.refs(refs[-1], _PAGE)
    store.close()
    return Previewed(items, looked_at, last.version if last else "")


def body(policy: Policy, found: Previewed) -> dict[str, Any]:
    """Everything, as `--format json` prints it: counts by scorecard, in policy's order, then each entity's."""
    cards = sorted({item["scorecard"] for item in found.items}, key=lambda card: (policy.place(card), card))
    return {
        "policy_version": found.version or None,
        "preview_version": policy.version,
        "looked_at": found.looked_at,
        "changed": len({item["entity"] for item in found.items}),
        "scorecards": [
            _counted(card, policy.scorecards.get(card), [one for one in found.items if one["scorecard"] == card])
            for card in cards
        ],
        "items": found.items,
    }


def _counted(card: str, known: Scorecard | None, items: Sequence[Item]) -> dict[str, Any]:
    moves = Counter(_move(known, item) for item in items)
    turned = Counter(
        (one["check"], one["before"], one["after"]) for item in items for one in item["checks"]
    ).most_common()
    return {
        "scorecard": card,
        **{name: moves[name] for name in ("up", "down", "begins", "ends")},
        "checks": [
            {"check": check, "before": before, "after": after, "entities": count}
            for (check, before, after), count in turned
        ],
    }


def _move(known: Scorecard | None, item: Item) -> str:
    """How an entity's level moves: by the ranks of the policy that is previewed."""
    before, after = item["level_before"], item["level_after"]
    if before is None or after is None or known is None:
        return "begins" if before is None else "ends"
    step = known.rank(after) - known.rank(before)
    return "up" if step > 0 else "down" if step < 0 else "stays"


def text(told: Mapping[str, Any]) -> str:
    """For people: what turns most first; entities whose level moves, then the others."""
    out = scorecard_text.console()
    versions = f"policy {told['policy_version'] or 'none'} → {told['preview_version']}"
    out.print(f"{versions}: {told['changed']} of {told['looked_at']} entities would change")
    for card in told["scorecards"]:
        out.print(f"\n[bold]{escape(card['scorecard'])}[/] {escape(', '.join(_moves(card)))}")
        for one in card["checks"]:
            ways = f"{_word(one['before'])} → {_word(one['after'])}"
            scorecard_text.say(out, 2, f"{escape(one['check'])}: {ways} for {one['entities']}")
    items = sorted(told["items"], key=lambda item: item["level_before"] == item["level_after"])
    if items:
        out.print("\n[bold]entities[/]")
    for item in items[:_SHOWN]:
        scorecard_text.say(out, 2, escape(f"{item['entity']} ({item['scorecard']}): {', '.join(_ways(item))}"))
    if len(items) > _SHOWN:
        scorecard_text.say(out, 2, f"[dim]and {len(items) - _SHOWN} more: --format json lists all[/]")
    return scorecard_text.text_of(out)


def _moves(card: Mapping[str, Any]) -> Iterator[str]:
    words = {"up": "up", "down": "down", "begins": "newly scored", "ends": "no longer scored"}
    told = [f"{card[name]} {word}" for name, word in words.items() if card[name]]
    yield from told or ["no level moves"]


def _ways(item: Item) -> Iterator[str]:
    if item["level_before"] != item["level_after"]:
        yield f"{_word(item['level_before'])} → {_word(item['level_after'])}"
    yield from (f"{one['check']} {_word(one['before'])} → {_word(one['after'])}" for one in item["checks"])


def _word(text: str | None) -> str:
    return "not asked" if text is None else text.replace("_", " ")
