"""The settings of processes at work: Redis between them, and the worker. With their defaults."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class RedisServer:
    """`url` "": none; processes look at the database more often instead."""

    url: str = ""


@dataclass(frozen=True, slots=True)
class Work:
    """`metrics_port` 0: a worker serves no metrics of its own."""

    metrics_host: str = "127.0.0.1"
    metrics_port: int = 0
