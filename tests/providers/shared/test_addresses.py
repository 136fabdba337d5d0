"""How addresses are read, which of them are private, and which proxy leads to them."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bugscope.core.errors import SpecError
from bugscope.providers.shared import addresses
from bugscope.providers.shared.addresses import Address


@pytest.mark.parametrize(
    ("text", "read"),
    [
        ("https://HOST.example/v1", Address("https", "host.example", 443, "/v1")),
        ("http://host:8000/a b".replace(" ", "%20"), Address("http", "host", 8000, "/a%20b")),
        ("http://[::1]:80/x?a=é", Address("http", "::1", 80, "/x?a=%C3%A9")),
        ("https://bücher.example", Address("https", "xn--bcher-kva.example", 443)),
        ("http://１２７.0.0.1", Address("http", "127.0.0.1", 80)),
    ],
)
def test_an_address_is_read(text, read):
    assert addresses.address(text) == read


@pytest.mark.parametrize(
    "text",
    ["", "x", "//host", "file:///etc/passwd", "ftp://host/x", "data:image/png;base64,AA", "http://", "http:///x", "http://a b"]
    + ["http://me@host", "http://me:pass@host", "http://host\\@other", "http://host#x", "http://host:99999", "http://host:x"]
    + ["http://ho\nst", "http://[::1", "http://[fe80::1%25eth0]", "http://.", "http://a..b", "javascript:alert(1)"],
)
def test_what_is_none_is_refused(text):
    with pytest.raises(ValueError):
        addresses.address(text)


@given(st.text(max_size=60), st.sampled_from(["", "http://", "https://", "http://host", "http://host:8"]))
def test_whatever_is_written_is_an_address_of_one_host_or_none(text, before):
    try:
        read = addresses.address(before + text)
    except ValueError:
        return
    assert read.scheme in ("http", "https") and read.host and read.target.isascii() and 0 < read.port < 65536
    assert addresses.address(read.origin + read.target) == read


PRIVATE = (
    "127.0.0.1 127.9.9.9 0.0.0.0 10.1.2.3 172.16.0.1 192.168.1.1 169.254.169.254 100.64.0.1 224.0.0.1 240.0.0.1 "
    "255.255.255.255 198.18.0.1 ::1 :: fe80::1 fe80::1%eth0 fc00::1 fd00:ec2::254 fec0::1 ff02::1 ::ffff:127.0.0.1 "
    "::ffff:10.0.0.1 ::ffff:a9fe:a9fe 2002:7f00:1:: 2002:c0a8:101::1 64:ff9b::7f00:1 64:ff9b::a9fe:a9fe 64:ff9b:1::1 "
    "::127.0.0.1 ::169.254.169.254 2001:db8::1 nonsense 1.2.3"
).split()


@pytest.mark.parametrize("ip", PRIVATE)
def test_private_addresses_in_all_their_forms(ip):
    assert not addresses.public(ip)


@pytest.mark.parametrize(
    "ip", ["8.8.8.8", "1.1.1.1", "2606:4700::1111", "::ffff:8.8.8.8", "64:ff9b::808:808", "2002:808:808::1"]
)
def test_public_addresses(ip):
    assert addresses.public(ip)


def test_hosts_of_pictures():
    wanted = {("cdn.example.org", 443), ("other.example", 8443)}
    assert addresses.hosts("cdn.example.org, Other.example:8443") == wanted
    assert addresses.hosts(["cdn.example.org", "other.example:8443"]) == wanted
    assert addresses.hosts("") == addresses.hosts(()) == frozenset()
    for bad in ("https://cdn.example.org", "cdn.example.org/x", "me@cdn", "a b", "*.example.org", ["x", 7.5, "/"]):
        with pytest.raises(SpecError, match="picture_hosts has .* in it; it should be the name of a host"):
            addresses.hosts(bad)


@pytest.fixture
def proxies(monkeypatch):
    for name in ("http_proxy", "https_proxy", "all_proxy", "no_proxy"):
        monkeypatch.delenv(name, raising=False)
        monkeypatch.delenv(name.upper(), raising=False)
    return monkeypatch


def proxy(text):
    return addresses.proxy(addresses.address(text))


def test_a_proxy_comes_from_the_environment(proxies):
    assert proxy("https://host.example") is None
    proxies.setenv("HTTPS_PROXY", "http://me:s%40cret@gate.example:3128")
    assert proxy("https://host.example") == addresses.Proxy(Address("http", "gate.example", 3128), (b"me", b"s@cret"))
    assert proxy("http://host.example") is None
    proxies.setenv("ALL_PROXY", "gate.example:8080")
    assert proxy("http://host.example") == addresses.Proxy(Address("http", "gate.example", 8080))
    proxies.setenv("NO_PROXY", "host.example,other.example:8443")
    assert proxy("https://host.example") is proxy("https://other.example:8443") is None
    assert proxy("https://other.example") is not None


@pytest.mark.parametrize("host", ["localhost", "api.localhost", "127.0.0.1", "127.1.2.3", "[::1]"])
def test_no_proxy_leads_to_this_machine(proxies, host):
    proxies.setenv("ALL_PROXY", "http://gate.example:3128")
    assert proxy(f"http://{host}:8000") is None


@pytest.mark.parametrize("bad", ["socks5://me:s3cret@gate.example:1080", "http://me:s3cret@", "gate example"])
def test_a_proxy_that_cannot_be_used_is_a_sentence_without_its_password(proxies, bad):
    proxies.setenv("ALL_PROXY", bad)
    with pytest.raises(SpecError, match="the proxy that the environment states for https addresses should read") as error:
        proxy("https://host.example")
    assert "s3cret" not in str(error.value)
