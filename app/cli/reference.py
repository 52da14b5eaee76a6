"""The generated documentation: `python -m app.cli.reference DIR` writes checks, facts, settings, commands and OpenAPI.

`tests/test_docs.py` holds that what is written there is what the code says.
"""

from __future__ import annotations

import inspect
import json
import sys
import tempfile
from collections.abc import Iterator, Mapping
from pathlib import Path

import click

from app.cli.main import COMMANDS, cli
from app.cli.options import packaged_scorecards
from app.facts.groups import SCHEMA
from app.lib.times import format_duration
from app.policy.documents import load
from app.policy.model import Check, Entry
from app.processes.web import application
from app.remediation.table import TABLE
from app.services import build
from app.settings import Settings, describe


def pages() -> Mapping[str, str]:
    """File name → Markdown."""
    return {
        "checks.md": "\n".join(_checks()) + "\n",
        "facts.md": "\n".join(_facts()) + "\n",
        "settings.md": "\n".join(_settings()) + "\n",
        "commands.md": "\n".join(_commands()) + "\n",
    }


def openapi() -> str:
    """The API's document, as a running service answers at `/openapi.json`; our own catalog entry holds it."""
    with tempfile.TemporaryDirectory() as folder:
        settings = Settings(folder=Path(folder))
        pipeline = build(settings)
        try:
            document = application(settings, pipeline).extensions["openapi"].spec.to_dict()
        finally:
            pipeline.store.close()
            pipeline.git.close()
    return json.dumps(document, indent=1) + "\n"


def _checks() -> Iterator[str]:
    policy = load(packaged_scorecards(), SCHEMA)
    yield "# Checks\n"
    yield "What each scorecard asks, level by level. The documents themselves are in `scorecards/`.\n"
    told: set[str] = set()
    for card in policy.scorecards.values():
        yield f"## {card.title} (`{card.id}`)\n\n{card.description}\n"
        for level in card.levels:
            yield f"### {level.title}\n"
            for entry in card.entries:
                if entry.level == level.id:
                    yield from _check(policy.checks[entry.check], entry, first=entry.check not in told)
                    told.add(entry.check)


def _check(check: Check, entry: Entry, *, first: bool) -> Iterator[str]:
    """A check as a scorecard asks it; where another one asked it before, by name only."""
    scope = f" Asked only of {entry.scope.title}." if entry.scope else ""
    tiers = f" Asked of {', '.join(entry.tiers)} only." if entry.tiers else ""
    if not first:
        yield f"`{check.id}`: {check.title}. *Weight {entry.weight}; see above.*{scope}{tiers}\n"
        return
    yield f"#### `{check.id}`: {check.title}\n"
    effort = format_duration(check.effort)
    yield f"{check.why} *Source: {check.source}. Weight {entry.weight}, about {effort}.*{scope}{tiers}\n"
    yield f"Rule: `{' '.join(check.rule_text.split())}`\n"
    for name, parameter in check.parameters.items():
        yield f"- `params.{name}`: {parameter.doc}"
    yield ("\n" if check.parameters else "") + f"Fix: {' '.join(check.remediation.split())}\n"
    if (remedy := TABLE.get(check.fix or check.id)) is not None:
        yield f"`roadworthy fix`: {_REMEDIES[remedy.kind]}{f': {remedy.why}' if remedy.why else ''}.\n"


_REMEDIES = {
    "fix": "writes it",
    "skeleton": "lays out a skeleton that a person fills",
    "question": "only says what to ask",
    "none": "does nothing",
}


def _facts() -> Iterator[str]:
    yield "# Facts\n"
    yield "What is seen of an entity. Rules name scalars as `group.fact`, and fields of items as `item.field`.\n"
    for group in SCHEMA.values():
        inherited = f" Inherited from: {', '.join(group.inherit)}." if group.inherit else ""
        yield f"## `{group.name}` (version {group.version})\n\n{group.doc}{inherited}\n"
        for name, fact in group.facts.items():
            unit = f", {fact.unit}" if fact.unit else ""
            yield f"- `{group.name}.{name}` ({fact.type}{unit}): {fact.doc}"
            for key, field in fact.fields.items():
                unit = f", {field.unit}" if field.unit else ""
                yield f"  - `{key}` ({field.type}{unit}): {field.doc}"
        yield ""


def _settings() -> Iterator[str]:
    yield "# Settings\n"
    yield "One YAML file, `roadworthy.yaml`, refused as a whole when anything in it is wrong. Every scalar can come"
    yield "from the environment: `database.url` is `ROADWORTHY_DATABASE__URL`, two underscores a level; lists are JSON."
    yield "Secrets are only named, by variable (`token: {env: NAME}`) or file (`token: {file: path}`)."
    yield "Relative paths lie beside the settings file, wherever a command is started.\n"
    for name, sentence in describe():
        yield f"- `{name}`: {sentence}"


def _commands() -> Iterator[str]:
    yield "# Commands\n"
    context = click.Context(cli, info_name="roadworthy")
    for name in COMMANDS:
        command = cli.get_command(context, name)
        assert command is not None
        inner = command.commands if isinstance(command, click.Group) else {"": command}
        for key, one in inner.items():
            title = f"{name} {key}".strip()
            parts = " ".join(one.collect_usage_pieces(click.Context(one)))
            yield f"## `roadworthy {title}`\n\n`roadworthy {title} {parts}`\n\n{inspect.cleandoc(one.help or '')}\n"
            for parameter in one.params:
                if isinstance(parameter, click.Option) and not parameter.hidden:
                    yield f"- `{', '.join([*parameter.opts, *parameter.secondary_opts])}`: {parameter.help or ''}"
            yield ""


def main() -> None:
    folder = Path(sys.argv[1])
    for name, text in {**pages(), "openapi.json": openapi()}.items():
        (folder / name).write_text(text, "utf-8")


if __name__ == "__main__":
    main()
