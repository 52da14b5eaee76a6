"""The connections of `lib.http`: each within its time (see `time_box`); one kind never into a private network."""

from __future__ import annotations

import ipaddress
import socket
from collections.abc import Mapping
from typing import Any

import urllib3
from requests.adapters import HTTPAdapter
from urllib3.connection import HTTPConnection, HTTPSConnection
from urllib3.connectionpool import HTTPConnectionPool, HTTPSConnectionPool
from urllib3.exceptions import NewConnectionError

from app.lib import time_box


class PrivateAddressError(OSError):
    """The host is in a private network, and those are not allowed."""


def _refuse_private(address: str) -> None:
    ip = ipaddress.ip_address(address.split("%")[0])
    mapped = getattr(ip, "ipv4_mapped", None) or getattr(ip, "sixtofour", None)
    if not ip.is_global or ip.is_multicast or (mapped is not None and not mapped.is_global):
        raise PrivateAddressError(f"{address} is not a public address")


class _Timed(HTTPConnection):
    def _new_conn(self) -> socket.socket:
        return time_box.watched(super()._new_conn())


class _TimedTls(_Timed, HTTPSConnection):
    pass


class _TimedPool(HTTPConnectionPool):
    ConnectionCls = _Timed


class _TimedTlsPool(HTTPSConnectionPool):
    ConnectionCls = _TimedTls


class _PublicOnly(_Timed):
    def _new_conn(self) -> socket.socket:
        """Looked at before connecting, so that nothing is probed, and after, so that a second answer can't cheat."""
        try:
            found = socket.getaddrinfo(self._dns_host, self.port, type=socket.SOCK_STREAM)
        except OSError as error:
            raise NewConnectionError(self, "the name does not resolve") from error
        for entry in found:
            _refuse_private(str(entry[4][0]))
        connected = super()._new_conn()
        try:
            _refuse_private(str(connected.getpeername()[0]))
        except OSError:
            connected.close()
            raise
        return connected


class _PublicOnlyTls(_PublicOnly, HTTPSConnection):
    pass


class _PublicPool(HTTPConnectionPool):
    ConnectionCls = _PublicOnly


class _PublicTlsPool(HTTPSConnectionPool):
    ConnectionCls = _PublicOnlyTls


class Adapter(HTTPAdapter):
    """Asks once: the caller knows whether asking again makes sense."""

    pools: Mapping[str, type[HTTPConnectionPool]] = {"http": _TimedPool, "https": _TimedTlsPool}

    def __init__(self) -> None:
        super().__init__(max_retries=urllib3.Retry(0, read=False, redirect=False))

    def init_poolmanager(self, *args: Any, **kwargs: Any) -> None:
        super().init_poolmanager(*args, **kwargs)
        self.poolmanager.pool_classes_by_scheme = self.pools


class PublicAdapter(Adapter):
    pools: Mapping[str, type[HTTPConnectionPool]] = {"http": _PublicPool, "https": _PublicTlsPool}
