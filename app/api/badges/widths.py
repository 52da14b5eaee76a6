"""How wide a text is in 11 px Verdana, the face of every flat badge. Pure.

The advance widths are the font's own, in hundredths of a pixel; accented letters are as wide as their base. Where
another face steps in, `textLength` in the picture stretches the text to what was reserved for it.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Mapping

_ASCII = (
    *(387, 433, 505, 900, 699, 1184, 799, 295, 500, 500, 699, 900, 400, 500, 400, 500),  # space to /
    *(699, 699, 699, 699, 699, 699, 699, 699, 699, 699, 500, 500, 900, 900, 900, 600),  # 0 to ?
    *(1100, 752, 754, 768, 848, 696, 632, 853, 827, 463, 500, 762, 612, 927, 823, 866),  # @ to O
    *(663, 866, 765, 752, 678, 805, 752, 1088, 754, 677, 754, 500, 500, 500, 900, 699),  # P to _
    *(699, 661, 685, 573, 685, 655, 387, 685, 696, 302, 379, 651, 302, 1070, 696, 668),  # ` to o
    *(685, 685, 469, 573, 433, 696, 651, 900, 651, 651, 578, 698, 500, 698, 900),  # p to ~
)
_OTHERS: Mapping[str, int] = {
    "–": 699,
    "—": 1100,
    "…": 900,
    "·": 400,
    "•": 600,
    "→": 1100,
    "×": 900,
    "ß": 682,
    "æ": 1051,
    "Æ": 1083,
    "ø": 668,
    "Ø": 866,
    "ł": 312,
    "Ł": 612,
    "đ": 685,
    "Đ": 853,
    "ı": 302,
}
_WITHOUT_WIDTH = ("Mn", "Me", "Cf")
"""Marks upon other letters, and signs that are not drawn, such as those that join emoji."""
_WIDE, _CAPITAL, _SMALL = 1100, 780, 680
"""Of scripts without a table of their own: Cyrillic and Greek come within a twentieth of what is drawn."""


def width(text: str) -> float:
    """Pixels."""
    return sum(map(_of, text)) / 100


def _of(letter: str) -> int:
    if " " <= letter <= "~":
        return _ASCII[ord(letter) - 32]
    if letter in _OTHERS:
        return _OTHERS[letter]
    if unicodedata.category(letter) in _WITHOUT_WIDTH:
        return 0
    base = unicodedata.normalize("NFKD", letter)[0]
    if " " < base <= "~":
        return _ASCII[ord(base) - 32]
    if unicodedata.east_asian_width(letter) in "WF":
        return _WIDE
    return _SMALL if letter.islower() else _CAPITAL
