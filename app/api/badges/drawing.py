"""A badge in the common flat style, as SVG. Whatever its texts hold, it is well-formed and runs nothing."""

from __future__ import annotations

import re
import zlib
from xml.sax.saxutils import escape, quoteattr

from app.api.badges.widths import width

_PAD = 5
_LONGEST = 60
_NOT_IN_XML = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
_LABEL_COLOUR = "#555"
_FONT = "Verdana,Geneva,DejaVu Sans,sans-serif"


def svg(label: str, message: str, colour: str) -> str:
    """`colour` is a CSS colour of ours, never a stranger's. Long texts are cut."""
    label, message = _shown(label), _shown(message)
    left, right = width(label) + 2 * _PAD, width(message) + 2 * _PAD
    whole = left + right
    name = f"{label}: {message}"
    own = f"{zlib.crc32(name.encode(errors='replace')):08x}"  # several may stand in one document
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{whole:.2f}" height="20" role="img" '
        f"aria-label={quoteattr(name)}><title>{escape(name)}</title>"
        f'<linearGradient id="s{own}" x2="0" y2="100%"><stop offset="0" stop-color="#bbb" stop-opacity=".1"/>'
        '<stop offset="1" stop-opacity=".1"/></linearGradient>'
        f'<clipPath id="r{own}"><rect width="{whole:.2f}" height="20" rx="3" fill="#fff"/></clipPath>'
        f'<g clip-path="url(#r{own})"><rect width="{left:.2f}" height="20" fill="{_LABEL_COLOUR}"/>'
        f'<rect x="{left:.2f}" width="{right:.2f}" height="20" fill="{colour}"/>'
        f'<rect width="{whole:.2f}" height="20" fill="url(#s{own})"/></g>'
        f'<g fill="#fff" font-family="{_FONT}" font-size="11" text-rendering="geometricPrecision">'
        f"{_text(label, _PAD)}{_text(message, left + _PAD)}</g></svg>"
    )


def _text(text: str, left: float) -> str:
    """The text and its shadow, exactly as wide as what was reserved for it."""
    place, said = f'x="{left:.2f}" textLength="{width(text):.2f}" lengthAdjust="spacingAndGlyphs"', escape(text)
    shadow = f'<text aria-hidden="true" y="15" {place} fill="#010101" fill-opacity=".3">{said}</text>'
    return f'{shadow}<text y="14" {place}>{said}</text>'


def _shown(text: str) -> str:
    text = " ".join(_NOT_IN_XML.sub("", text).split())
    return text if len(text) <= _LONGEST else f"{text[: _LONGEST - 1]}…"
