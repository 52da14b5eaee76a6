"""An application behind the real server on loopback, in a thread of this process."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import Any

from waitress.server import create_server


@contextmanager
def served(app: Any, *, threads: int = 4) -> Iterator[str]:
    """Yields the base URL."""
    server = create_server(app, host="127.0.0.1", port=0, threads=threads)
    thread = threading.Thread(target=server.run, daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.effective_port}"
    finally:
        with suppress(OSError):  # a pull for an answer may have taken ours along, and closed what this one writes to
            server.trigger.pull_trigger(server.close)  # in its own thread, which then has nothing left to wait for
        thread.join(5)
        server.task_dispatcher.shutdown()
