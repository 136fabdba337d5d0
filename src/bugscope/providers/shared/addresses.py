"""Addresses of servers: how they are written, which of them are in a private network, and which proxy leads to them."""

import ipaddress
import re
import urllib.request
from collections.abc import Iterator
from typing import NamedTuple
from urllib.parse import quote, unquote, urlsplit

from ...core.errors import SpecError

PORTS = {"http": 80, "https": 443}
_HOST = re.compile(r"[a-z0-9_-]+(\.[a-z0-9_-]+)*\.?")
_NAT64 = (ipaddress.ip_network("64:ff9b::/96"), ipaddress.ip_network("64:ff9b:1::/48"))
"""Prefixes behind which the last four bytes are an address of version 4."""
_COMPATIBLE = ipaddress.ip_network("::/96")


class Address(NamedTuple):
    """Of a server, or of something on it. `host`: in ASCII, without the brackets of IPv6. `target`: path and query."""

    scheme: str
    host: str
    port: int
    target: str = ""

    @property
    def netloc(self) -> str:
        """HOST, or HOST:PORT if the port is not that of the scheme."""
        host = f"[{self.host}]" if ":" in self.host else self.host
        return host if self.port == PORTS[self.scheme] else f"{host}:{self.port}"

    @property
    def origin(self) -> str:
        return f"{self.scheme}://{self.netloc}"

    @property
    def local(self) -> bool:
        """Whether it is on this machine, by its name."""
        return self.host == "localhost" or self.host.endswith(".localhost") or _loopback(self.host)


def address(text: str) -> Address:
    """Raises ValueError unless the text is an http or https address without a user, a password and a fragment."""
    if not isinstance(text, str) or re.search(r"[\x00-\x20\x7f\\]", text):
        raise ValueError("it has blanks or backslashes in it")
    parts = urlsplit(text)
    if parts.scheme not in PORTS or "@" in parts.netloc or "#" in text:
        raise ValueError("it is not http or https, or has a user or a fragment in it")
    host, port = _host(parts.hostname or ""), parts.port or PORTS[parts.scheme]
    query = f"?{quote(parts.query, safe=_KEPT)}" if parts.query else ""
    return Address(parts.scheme, host, port, quote(parts.path, safe=_KEPT) + query)


_KEPT = "/?:@!$&'()*+,;=%-._~"


def _host(name: str) -> str:
    """In ASCII and small letters. Raises ValueError."""
    if ":" in name and "%" not in name:  # the name of a network card belongs to this machine alone
        return str(ipaddress.IPv6Address(name))
    host = name.encode("idna").decode() if not name.isascii() else name
    if not _HOST.fullmatch(host) or len(host) > 253:
        raise ValueError(f"{name!r} is no name of a host")
    return host


def server(base_url: str) -> Address:
    """A server as a user states it. Raises SpecError, whose message shows no password or key."""
    try:
        found = address(base_url.rstrip("/"))
    except ValueError:  # it may show the password
        found = None
    if found is None or "?" in base_url:
        shown = re.sub(r"(?s)(?<=//).*@|[?#].*", "", base_url)
        raise SpecError(f"base_url {shown!r} should read https://HOST or https://HOST/v1, without user, password or query")
    return found


def hosts(stated: object) -> frozenset[tuple[str, int]]:
    """Hosts and ports of a user's list, "HOST" or "HOST:PORT" each, in a text with commas or a list. Raises SpecError."""
    listed = stated.split(",") if isinstance(stated, str) else stated
    found = set()
    for item in listed if isinstance(listed, list | tuple) else (listed,):
        text = str(item).strip()
        try:
            named = address(f"https://{text}")
        except ValueError:
            named = None
        if text and (named is None or named.target):
            raise SpecError(f"picture_hosts has {text[:100]!r} in it; it should be the name of a host, as in cdn.example.org")
        if named is not None and text:
            found.add((named.host, named.port))
    return frozenset(found)


# --- private networks ----------------------------------------------------------------------------------------------------


def public(ip: str) -> bool:
    """Whether an IP address is on the public internet, and so is every address that it stands for (IPv4 in IPv6)."""
    try:
        found = ipaddress.ip_address(ip.partition("%")[0])
    except ValueError:
        return False
    return all(_global(each) for each in (found, *_inside(found)))


def _global(ip: ipaddress.IPv4Address | ipaddress.IPv6Address) -> bool:
    if isinstance(ip, ipaddress.IPv6Address):
        if ip.ipv4_mapped or ip in _NAT64[0]:  # what it stands for is looked at by itself
            return True
        if ip.is_site_local or ip in _NAT64[1] or ip in _COMPATIBLE:
            return False
    return ip.is_global and not (ip.is_multicast or ip.is_reserved)


def _inside(ip: ipaddress.IPv4Address | ipaddress.IPv6Address) -> Iterator[ipaddress.IPv4Address]:
    """The addresses of version 4 that one of version 6 stands for."""
    if isinstance(ip, ipaddress.IPv6Address):
        last = ipaddress.IPv4Address(int(ip) & 0xFFFFFFFF)
        teredo = ip.teredo or ()
        yield from (found for found in (ip.ipv4_mapped, ip.sixtofour, *teredo) if found is not None)
        if ip in _NAT64[0]:
            yield last


def _loopback(host: str) -> bool:
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


# --- proxies -------------------------------------------------------------------------------------------------------------


class Proxy(NamedTuple):
    """`login`: user and password, None for none."""

    at: Address
    login: tuple[bytes, bytes] | None = None


def proxy(to: Address) -> Proxy | None:
    """The proxy that the environment states for an address (HTTPS_PROXY, HTTP_PROXY, ALL_PROXY, NO_PROXY); None for none, and
    for this machine. Raises SpecError for one that cannot be used."""
    stated = urllib.request.getproxies()
    url = stated.get(to.scheme) or stated.get("all") or ""
    if not url or to.local or urllib.request.proxy_bypass(to.netloc) or urllib.request.proxy_bypass(to.host):
        return None
    login, at, rest = (url if "://" in url else f"http://{url}").rpartition("@")
    scheme, _, said = login.partition("://")
    try:
        found = address(f"{scheme}://{rest}" if at else rest)
    except ValueError:
        raise SpecError(
            f"the proxy that the environment states for {to.scheme} addresses should read http://HOST:PORT; socks is not known"
        ) from None
    if not at:
        return Proxy(found)
    user, _, password = said.partition(":")
    return Proxy(found, (unquote(user).encode(), unquote(password).encode()))
