"""Makes the pictures of pages in `docs/images` anew: `python -m bench.pictures`, after pages changed. Look at each.

A real server over the sample and invented services with a past. Chromium takes them; with the fonts Inter and JetBrains
Mono (Debian: fonts-inter, fonts-jetbrains-mono), so that they look alike wherever they were made.
"""

from __future__ import annotations

import sys
import tempfile
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from playwright.sync_api import sync_playwright
from waitress.server import create_server

from app.web import create_app
from bench.filled import fill

IMAGES = Path(__file__).parents[1] / "docs" / "images"
SERVICES = 310
FONTS = """body, input, button, select, textarea { font-family: Inter, sans-serif !important }
code, pre, .mono { font-family: "JetBrains Mono", monospace !important }"""
SCROLLED = "id => scrollTo(0, document.getElementById(id).getBoundingClientRect().top + scrollY - 18)"


@dataclass(frozen=True, slots=True)
class Picture:
    """A page as a window of this size shows it, from the top or from an element."""

    name: str
    path: str
    width: int
    height: int
    theme: str = "light"
    begins: str = ""


PICTURES = (
    Picture("organisation", "/", 1280, 860),
    Picture("team", "/groups/default/atlas", 1280, 800),
    Picture("entity", "/entities/component/default/checkout", 1280, 980, begins="area-sre-maturity-runbooks"),
    Picture("entity-dark", "/entities/component/default/checkout", 1280, 800, theme="dark"),
    Picture("phone", "/groups/default/atlas", 380, 820),
)


@contextmanager
def served(folder: Path) -> Iterator[str]:
    """The address of a server over a store that was filled for it."""
    pipeline = fill(folder, SERVICES, datetime.now(UTC))
    server = create_server(create_app(pipeline, organisation="Acme"), host="127.0.0.1", port=0)
    threading.Thread(target=server.run, daemon=True).start()
    try:
        yield f"http://127.0.0.1:{server.effective_port}"
    finally:
        server.close()
        pipeline.store.close()


def take(address: str, into: Path) -> None:
    """Each picture as `NAME.png`."""
    with sync_playwright() as driver:
        chromium = driver.chromium.launch(executable_path="/usr/bin/chromium", args=["--no-sandbox", "--disable-gpu"])
        for one in PICTURES:
            size = {"width": one.width, "height": one.height}
            shown = chromium.new_page(base_url=address, viewport=size, color_scheme=one.theme, bypass_csp=True)
            shown.goto(one.path)
            shown.add_style_tag(content=FONTS)
            if one.begins:
                shown.evaluate(SCROLLED, one.begins)
            shown.evaluate("document.fonts.ready")
            shown.screenshot(path=into / f"{one.name}.png")
            shown.close()
        chromium.close()


if __name__ == "__main__":
    with tempfile.TemporaryDirectory() as scratch, served(Path(scratch)) as at:
        take(at, Path(sys.argv[1]) if len(sys.argv) > 1 else IMAGES)
