"""One question to a server and its whole answer, within a time and a size that hold for everything that a server can send.

The connections are httpcore's. Every read from the network, of headers, answers in advance (1xx) or chunks, goes through a
stream that knows when the answer is due and how much may still come. What arrives packed is unpacked no further than its limit.
"""

import functools
import importlib
import socket
import threading
import time
import zlib
from collections.abc import Iterator, Mapping
from contextlib import suppress
from contextvars import ContextVar
from typing import Any, NamedTuple

from ...core.errors import short
from . import addresses
from .addresses import Address

HEAD = 200_000
"""Bytes that are accepted before an answer begins: its headers, of which h11 takes 100,000, and answers in advance (1xx)."""
REASON = 65_536
"""Bytes that are read of an error's reason; the rest is left."""
PIECE = 16_384
"""Bytes that are sent at a time."""
LONGEST = 1e6
"""Seconds; sockets take no time-out that is much longer."""
UNPACKED = 1_000_000
"""Bytes that are unpacked at a time."""


class Late(Exception):
    """The whole answer did not come in time."""


class Unfit(Exception):
    """What comes is larger than what is accepted, or packed otherwise."""


class Unreachable(Exception):
    """No connection, for a reason that time does not heal."""


class Forbidden(Exception):
    """The address is in a private network, and nobody stated it."""


class Broken(Exception):
    """What came is no answer, or half of one."""


class Reply(NamedTuple):
    """`headers`: with names in small letters."""

    status: int
    headers: Mapping[str, str]
    body: bytes


class _Bounds:
    """Of one answer: seconds, bytes from the network, and whether its server may be in a private network."""

    def __init__(self, seconds: float, limit: int, anywhere: bool) -> None:
        self.end, self.limit, self.anywhere = time.monotonic() + min(seconds, LONGEST), limit, anywhere
        self.rest = HEAD

    def left(self) -> float:
        left = self.end - time.monotonic()
        if left <= 0:
            raise Late
        return left

    def count(self, n: int) -> None:
        self.rest -= n
        if self.rest < 0:
            raise Unfit("sent too much besides its answer: headers, answers in advance, or lengths of chunks")

    def begun(self) -> None:
        """The headers are there; the answer may be followed by as much of chunks' lengths and trailers."""
        self.rest = HEAD + 2 * self.limit


_bounds: ContextVar[_Bounds] = ContextVar("bounds")


class Wire:
    """Connections to one server, kept for its next question. Threads may share it."""

    def __init__(self, kept: int) -> None:
        """`kept`: idle connections that are kept at most."""
        self.kept = kept
        self._pools: dict[Any, Any] = {}
        self._lock = threading.Lock()

    def ask(
        self, method: str, to: Address, headers: Mapping[str, str], body: bytes | None, *, seconds: float, limit: int,
        proxy: addresses.Proxy | None = None, anywhere: bool = True,
    ) -> Reply:  # fmt: skip
        """`seconds`: for all of it, from looking up the name to the last byte. `limit`: bytes of the answer, unpacked.
        `anywhere`: False refuses addresses that are not on the public internet. No redirect is followed.

        Raises Late, Unfit, Unreachable, Forbidden or Broken.
        """
        core = _httpcore()
        sent = {"Host": to.netloc, "User-Agent": "bugscope", "Accept": "*/*", "Accept-Encoding": "gzip", **headers}
        port = None if to.port == addresses.PORTS[to.scheme] else to.port
        url = core.URL(scheme=to.scheme, host=to.host, port=port, target=to.target or "/")
        bounds = _Bounds(seconds, limit, anywhere)
        known = _bounds.set(bounds)
        try:
            with self._pool(proxy).stream(method, url, headers=sent, content=body) as reply:
                bounds.begun()
                heads: dict[str, str] = {}
                for name, value in ((n.decode("latin-1").lower(), v.decode("latin-1")) for n, v in reply.headers):
                    heads[name] = f"{heads[name]}, {value}" if name in heads else value
                parts = _unpacked(reply.iter_stream(), heads.get("content-encoding", "").strip().lower())
                if 200 <= reply.status < 300:
                    return Reply(reply.status, heads, _whole(parts, bounds))
                with suppress(Unfit):  # the status says enough
                    return Reply(reply.status, heads, _beginning(parts))
                return Reply(reply.status, heads, b"")
        except core.TimeoutException:
            raise Late from None
        except core.ConnectError as error:
            raise Unreachable(str(error)) from None
        except (core.NetworkError, core.ProtocolError, core.ProxyError, zlib.error) as error:
            raise Broken(f"{type(error).__name__} {error}".rstrip()) from None
        finally:
            _bounds.reset(known)

    def close(self) -> None:
        with self._lock:
            pools, self._pools = list(self._pools.values()), {}
        for pool in pools:
            pool.close()

    def _pool(self, proxy: addresses.Proxy | None) -> Any:
        core = _httpcore()
        with self._lock:
            if proxy not in self._pools:
                options: dict[str, Any] = {
                    "ssl_context": certificates(), "network_backend": _Network(),
                    "max_connections": None, "max_keepalive_connections": self.kept, "keepalive_expiry": 5.0,
                }  # fmt: skip
                if proxy is not None:
                    options["proxy"] = core.Proxy(proxy.at.origin, auth=proxy.login)
                self._pools[proxy] = core.ConnectionPool(**options)
            return self._pools[proxy]


def _whole(parts: Iterator[bytes], bounds: _Bounds) -> bytes:
    got = bytearray()
    for part in parts:
        got += part
        if len(got) > bounds.limit:
            raise Unfit(f"sent more than {bounds.limit} bytes")
        bounds.left()
    return bytes(got)


def _beginning(parts: Iterator[bytes]) -> bytes:
    got = bytearray()
    for part in parts:
        got += part
        if len(got) > REASON:
            break
    return bytes(got[:REASON])


def _unpacked(parts: Iterator[bytes], packed: str) -> Iterator[bytes]:
    """What a gzip of one layer holds, in pieces, or the parts if they are not packed. Raises Unfit for another packing."""
    if packed in ("", "identity"):
        yield from parts
        return
    if packed not in ("gzip", "x-gzip"):
        raise Unfit(f"packed its answer as {short(repr(packed))}, which is not accepted: it should be gzip, once, or nothing")
    gzip = zlib.decompressobj(wbits=31)
    for part in parts:
        while part and not gzip.eof:
            yield gzip.decompress(part, UNPACKED)
            part = gzip.unconsumed_tail
    if not gzip.eof:
        raise Broken("half of a gzip")


class _Network:
    """httpcore's connections, each to an address that was checked. (A `httpcore.NetworkBackend`, which is imported late.)"""

    def connect_tcp(self, host: str, port: int, timeout: float | None = None, **options: Any) -> "_Stream":
        core, bounds = _httpcore(), _bounds.get()
        found = _looked_up(host, port, bounds)
        if not bounds.anywhere and (private := [ip for ip in found if not addresses.public(ip)]):
            raise Forbidden(private[0])
        for i, ip in enumerate(found):
            try:  # one that is silent leaves time for the next
                seconds = bounds.left() / (len(found) - i)
                return _Stream(core.SyncBackend().connect_tcp(ip, port, timeout=seconds, **options))
            except (core.ConnectError, core.ConnectTimeout):
                if i == len(found) - 1:
                    raise
        raise AssertionError("unreachable")

    def sleep(self, seconds: float) -> None:
        raise AssertionError("no connection is tried again here")


class _Stream:
    """A connection that keeps to the bounds of the answer that it is used for. (A `httpcore.NetworkStream`.)"""

    def __init__(self, stream: Any) -> None:
        self._stream = stream

    def read(self, max_bytes: int, timeout: float | None = None) -> bytes:
        bounds = _bounds.get()
        data: bytes = self._stream.read(max_bytes, timeout=bounds.left())
        bounds.count(len(data))
        return data

    def write(self, buffer: bytes, timeout: float | None = None) -> None:
        bounds = _bounds.get()
        # in pieces: each goes at once or not at all, and a server that reads slowly is noticed between them
        for start in range(0, len(buffer), PIECE):
            self._stream.write(buffer[start : start + PIECE], timeout=bounds.left())

    def close(self) -> None:
        self._stream.close()

    def start_tls(self, ssl_context: Any, server_hostname: str | None = None, timeout: float | None = None) -> "_Stream":
        return _Stream(self._stream.start_tls(ssl_context, server_hostname, timeout=_bounds.get().left()))

    def get_extra_info(self, info: str) -> Any:
        return self._stream.get_extra_info(info)


def _looked_up(host: str, port: int, bounds: _Bounds) -> list[str]:
    """The IP addresses of a name, once each. Raises Unreachable, and Late if nobody answers in time."""
    found: list[str] = []
    wrong: list[Exception] = []

    def look_up() -> None:
        try:
            found.extend(str(info[4][0]) for info in socket.getaddrinfo(host, port, type=socket.SOCK_STREAM))
        except (OSError, UnicodeError) as error:
            wrong.append(error)

    # the system's own look-up has no time-out
    looking = threading.Thread(target=look_up, daemon=True)
    looking.start()
    looking.join(bounds.left())
    if looking.is_alive():
        raise Late
    if wrong:
        raise Unreachable(str(wrong[0]))
    return list(dict.fromkeys(found))


def _httpcore() -> Any:
    return importlib.import_module("httpcore")


@functools.cache
def certificates() -> Any:
    """The trusted certificates; reading them is slower than many an answer, so all clients share them."""
    return _httpcore().default_ssl_context()
