"""A peer that never falls silent and never comes to an end: a byte now and then, on a real socket."""

from __future__ import annotations

import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress

_PAUSE, _MOST = 0.02, 1500


@contextmanager
def trickling(begins: bytes, repeats: bytes = b"a") -> Iterator[str]:
    """Its address. Every connection gets `begins` at once, then `repeats` again and again for half a minute, or until
    the other side goes.
    """
    over = threading.Event()
    with socket.create_server(("127.0.0.1", 0)) as listening:
        threads: list[threading.Thread] = []

        def answer(connected: socket.socket) -> None:
            with connected, suppress(OSError):
                connected.sendall(begins)
                for _ in range(_MOST):
                    if over.wait(_PAUSE):
                        return
                    connected.sendall(repeats)

        def accept() -> None:
            with suppress(OSError):
                while not over.is_set():
                    threads.append(threading.Thread(target=answer, args=(listening.accept()[0],)))
                    threads[-1].start()

        accepting = threading.Thread(target=accept)
        accepting.start()
        try:
            yield f"http://127.0.0.1:{listening.getsockname()[1]}"
        finally:
            over.set()
            listening.shutdown(socket.SHUT_RDWR)
            for thread in (accepting, *threads):
                thread.join(10)
