"""`roadworthy sample DIR`: a sample organisation of real git repositories."""

from __future__ import annotations

from pathlib import Path

import click

from app.cli import options


@click.command()
@click.argument("folder", type=click.Path(file_okay=False, path_type=Path))
@click.option("--services", default=12, show_default=True, help="More than a dozen are generated.")
@click.option("--seed", default=7, show_default=True, help="The same seed gives the same services.")
@options.output_format
def command(folder: Path, services: int, seed: int, output: str) -> None:
    """Make a sample organisation: good, bad and odd repositories, and DIR/roadworthy.yaml to crawl them."""
    import json

    from app.sample.build import build

    made = build(folder, services=services, seed=seed)
    if output == "json":
        click.echo(json.dumps({"folder": str(folder), "repositories": [str(path) for path in made]}, indent=2))
        return
    click.echo(f"Made {len(made)} repositories in {folder}/repositories and {folder}/roadworthy.yaml.")
    click.echo(f"Next: roadworthy crawl --config {folder}/roadworthy.yaml")
