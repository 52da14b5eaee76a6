"""What a web process does beside answering: it hears of news, so that what it kept is looked at anew at once."""

from __future__ import annotations

import threading
from collections.abc import Callable

from app.jobs.hints import Hints

_EVERY_SECONDS = 10.0


def follow(news: Hints, heard: Callable[[], None]) -> threading.Thread:
    """Starts a daemon thread that calls `heard` for each piece of news."""
    thread = threading.Thread(target=_follow, args=(news, heard), name="following", daemon=True)
    thread.start()
    return thread


def _follow(news: Hints, heard: Callable[[], None]) -> None:
    while True:
        if news.wait(_EVERY_SECONDS):
            heard()
