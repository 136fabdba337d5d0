"""Where questions, pictures and keys go: to the stated host, and nowhere that a server names unless the user allowed it."""

import shutil
import socket
import ssl
import subprocess
import threading

import httpcore
import pytest

from bugscope.core import registry
from bugscope.core.errors import Declined, ModelError, SpecError, Transient
from bugscope.providers.openai import Generator
from bugscope.providers.shared import wire
from bugscope.providers.shared.client import Client, Rejected
from support.fake_server import KEY, VARIABLE, b64, fails, gives, picture, png, raw, readable, running
from support.hostile_server import HEAD, hostile, says

OK = gives({"ok": True})


@pytest.fixture(scope="module")
def up():
    with running() as server:
        yield server


@pytest.fixture
def server(up, monkeypatch):
    for name in ("http_proxy", "https_proxy", "all_proxy", "no_proxy"):
        monkeypatch.delenv(name, raising=False)
        monkeypatch.delenv(name.upper(), raising=False)
    return up.say(OK)


def client_of(server, **options):
    return Client("generator test/small", server.base_url, **{"key_variable": VARIABLE, "timeout": 5.0, **options})


# --- redirects ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("status", [300, 301, 302, 303, 305, 307, 308])
@pytest.mark.parametrize(
    "to", ["{}/v1/x", "http://127.0.0.1:{port}/", "file:///etc/passwd", "ftp://127.0.0.1/", "data:,x", "//x"]
)
def test_no_redirect_is_followed(server, status, to):
    with running() as other:
        other.say(OK)
        server.say(fails(status, "", Location=to.format(server.root, port=other.server_port)))
        for ask in (lambda client: client.post("/x", {}), lambda client: client.get("/x"), lambda client: client.fetch("/x")):
            with pytest.raises(
                Rejected, match=f"answered {status}: nothing more .a redirect to '.*'; none is followed"
            ) as error:
                ask(client_of(server))
            readable(error.value)
        with pytest.raises(Rejected, match="none is followed"):
            client_of(server).download(f"{server.root}/1.png")
        assert not other.seen and len(server.seen) == 4


def test_where_a_redirect_leads_is_shown_without_keys(server):
    server.say(fails(302, "", Location=f"https://me:s3cret@x.example/{KEY}/y?token=s3cret"))
    with pytest.raises(Rejected) as error:
        client_of(server).get("/x")
    readable(error.value, r"a redirect to 'https://***@x.example/***/y'")
    assert "s3cret" not in str(error.value)


# --- pictures ----------------------------------------------------------------------------------------------------------


def test_a_picture_is_fetched_from_the_server_itself_without_the_key(server):
    server.say(raw(b"bytes"))
    assert client_of(server).download(f"{server.root}/1.png?signature=x%20y") == b"bytes"
    assert server.seen[0][0] == "/1.png?signature=x%20y" and "Authorization" not in server.seen[0][1]


@pytest.mark.parametrize(
    "url",
    ["http://localhost:{port}/x", "http://127.0.0.1:1/x", "https://127.0.0.1:{port}/x", "http://[::ffff:127.0.0.1]:{port}/x"]
    + ["http://2130706433:{port}/x", "http://0x7f000001:{port}/x", "http://0177.0.0.1:{port}/x", "http://127.1:{port}/x"]
    + ["http://169.254.169.254/latest/meta-data", "http://[fd00:ec2::254]/x", "https://cdn.example/x?sig=s3cret"]
    + [
        "http://127.0.0.1:{port}@evil.example/x",
        "http://me:s3cret@127.0.0.1:{port}/x",
        "http://evil.example\\@127.0.0.1:{port}/",
    ]
    + [
        "file:///etc/passwd",
        "ftp://127.0.0.1:{port}/x",
        "data:image/png;base64,AAAA",
        "gopher://127.0.0.1/",
        "//127.0.0.1/x",
        "",
    ],
)
def test_a_picture_is_fetched_from_no_other_host(server, url):
    client = client_of(server)
    with pytest.raises(ModelError, match="as a picture's address") as error:
        client.download(url.format(port=server.server_port))
    readable(error.value, "generator test/small names")
    assert not server.seen and "s3cret" not in str(error.value)
    client.useful()  # a server that has given pictures loses this one alone
    with pytest.raises(Declined, match="as a picture's address"):
        client.download(url.format(port=server.server_port))


@pytest.fixture
def lookups(monkeypatch):
    """Names and what the look-up says, one answer after the other; others as they are."""
    known, asked, real = {}, [], socket.getaddrinfo

    def look_up(host, port, *args, **options):
        if host not in known:
            return real(host, port, *args, **options)
        asked.append(host)
        found = known[host].pop(0) if len(known[host]) > 1 else known[host][0]
        return [(socket.AF_INET, socket.SOCK_STREAM, 6, "", (ip, port)) for ip in found]

    monkeypatch.setattr(socket, "getaddrinfo", look_up)
    return known, asked


@pytest.mark.parametrize("private", ["127.0.0.1", "10.0.0.1", "169.254.169.254", "::1", "fe80::1", "::ffff:127.0.0.1"])
def test_a_host_that_is_allowed_must_be_on_the_public_internet(server, lookups, private):
    lookups[0]["cdn.example"] = [[private]]
    lookups[0]["both.example"] = [["8.8.8.8", private]]
    client = client_of(server, picture_hosts=f"cdn.example:{server.server_port}, both.example")
    for url in (f"https://cdn.example:{server.server_port}/1.png", "https://both.example/1.png"):
        with pytest.raises(ModelError, match=f"leads to {private}; that is not on the public internet"):
            client.download(url)
    assert not server.seen


@pytest.mark.parametrize("host", ["localhost", "2130706433", "0x7f000001", "127.1", "127.0.0.1", "0.0.0.0", "[::1]"])
def test_no_way_to_write_this_machine_is_public(server, host):
    before = server.connections
    client = client_of(server, picture_hosts=[f"{host}:{server.server_port}"])
    with pytest.raises(ModelError, match="not on the public internet"):
        client.download(f"https://{host}:{server.server_port}/1.png")
    assert server.connections == before


def test_the_connection_goes_to_the_address_that_was_looked_at(server, lookups, monkeypatch):
    """A name that leads to a public address when it is checked, and to this machine when it is looked up again."""
    known, asked = lookups
    known["cdn.example"] = [["8.8.8.8"], ["127.0.0.1"]]
    reached = []

    def connect(self, host, port, **options):
        reached.append(host)
        raise httpcore.ConnectError("nobody there")

    monkeypatch.setattr(httpcore.SyncBackend, "connect_tcp", connect)
    client = client_of(server, picture_hosts="cdn.example")
    with pytest.raises(ModelError, match="cannot be reached at cdn.example: nobody there"):
        client.download("https://cdn.example/1.png")
    assert reached == ["8.8.8.8"] and asked == ["cdn.example"]
    with pytest.raises(ModelError, match="leads to 127.0.0.1"):
        client.download("https://cdn.example/1.png")
    assert reached == ["8.8.8.8"]


def test_a_host_that_a_user_states_may_be_anywhere(server, lookups):
    lookups[0]["models.internal"] = [["127.0.0.1"]]
    client = Client("judge x", f"http://models.internal:{server.server_port}/v1", key_variable=VARIABLE)
    assert client.post("/x", {}) == {"ok": True}
    assert server.seen[0][1]["Host"] == f"models.internal:{server.server_port}"
    server.say(raw(b"bytes"))
    assert client.download(f"http://models.internal:{server.server_port}/1.png") == b"bytes"


def test_a_name_that_nobody_knows_and_a_look_up_that_hangs(server, monkeypatch):
    def fails_(*args, **options):
        raise socket.gaierror(-2, "Name or service not known")

    monkeypatch.setattr(socket, "getaddrinfo", fails_)
    with pytest.raises(ModelError, match="cannot be reached at models.example: .*not known"):
        Client("judge x", "http://models.example/v1").get("/x")
    over = threading.Event()
    monkeypatch.setattr(socket, "getaddrinfo", lambda *args, **options: over.wait(20) and [])
    with pytest.raises(Transient, match="took more than 0.1 s"):
        Client("judge x", "http://models.example/v1", timeout=0.1).get("/x")
    over.set()


def test_the_option_of_an_image_server(server):
    entry = {"url": "https://cdn.example/1.png"}
    options = {"base_url": server.base_url, "timeout": 5.0}
    with pytest.raises(ModelError, match=r"in the option picture_hosts \(cdn.example\)"):
        Generator("small", **options)(["a mug"], [1]) if server.say(gives({"data": [entry]})) else None
    with pytest.raises(SpecError, match="picture_hosts has 'https://cdn.example/' in it"):
        registry.load("Generator", "openai/small", {**options, "picture_hosts": "https://cdn.example/"})
    server.say(
        answer=lambda body: fails(403, "expired") if body is None else gives({"data": [{"url": f"{server.root}/1.png"}]})
    )
    generator = registry.load("Generator", "openai/small", {**options, "picture_hosts": ["cdn.example"]})
    with pytest.raises(ModelError, match="127.0.0.1:[0-9]+ answered 403 for a picture's address: 'expired'"):
        generator(["a mug"], [1])
    server.say(gives({"data": [{"b64_json": b64(picture(7))}]}))
    generator(["a mug"], [2])
    server.say(
        answer=lambda body: fails(403, "expired") if body is None else gives({"data": [{"url": f"{server.root}/1.png"}]})
    )
    with pytest.raises(Declined, match="127.0.0.1:[0-9]+ answered 403 for a picture's address: 'expired'"):
        generator(["a mug"], [3])
    server.say(answer=lambda b: raw(png(picture(9))) if b is None else gives({"data": [{"url": f"{server.root}/1.png"}]}))
    assert generator(["a mug"], [4])[0].content.getpixel((0, 0)) == (9, 246, 7)


# --- proxies -----------------------------------------------------------------------------------------------------------


def test_a_proxy_of_the_environment_is_used_for_the_stated_host(server, monkeypatch):
    with hostile(says(HEAD + b'Content-Length: 11\r\n\r\n{"ok":true}')) as proxy:
        monkeypatch.setenv("HTTP_PROXY", f"http://me:s3cret@127.0.0.1:{proxy.port}")
        assert Client("judge x", "http://models.example/v1").get("/info") == {"ok": True}
        assert proxy.asked[0].startswith("GET http://models.example/v1/info HTTP/1.1\r\n")
        assert "Proxy-Authorization: Basic bWU6czNjcmV0" in proxy.asked[0] and "Host: models.example" in proxy.asked[0]
        monkeypatch.setenv("NO_PROXY", "models.example")
        with pytest.raises(ModelError, match="cannot be reached at models.example: "):
            Client("judge x", "http://models.example/v1").get("/info")
        assert Client("judge x", server.base_url).get("/x") == {"ok": True}  # nor for this machine
        assert len(proxy.asked) == 1


def test_no_proxy_reads_the_key(server, monkeypatch):
    with hostile(says(HEAD.replace(b"200 OK", b"407 No, s3cret") + b"Content-Length: 0\r\n\r\n")) as proxy:
        for name in ("HTTP_PROXY", "HTTPS_PROXY"):
            monkeypatch.setenv(name, f"http://me:s3cret@127.0.0.1:{proxy.port}")
        with pytest.raises(SpecError, match="would be asked by http through a proxy, which could read the key; use https, or"):
            Client("judge x", "http://models.example/v1", key_variable=VARIABLE).get("/info")
        assert not proxy.asked
        with pytest.raises(Transient, match=f"judge x: ProxyError 407 .* through the proxy 127.0.0.1:{proxy.port}"):
            Client("judge x", "https://models.example/v1", key_variable=VARIABLE).get("/info")
        assert proxy.asked[0].startswith("CONNECT models.example:443 ") and KEY not in proxy.asked[0]


def test_a_picture_of_another_host_is_fetched_through_no_proxy(server, lookups, monkeypatch):
    lookups[0]["cdn.example"] = [["127.0.0.1"]]
    with hostile(says(b"")) as proxy:
        monkeypatch.setenv("HTTPS_PROXY", f"http://127.0.0.1:{proxy.port}")
        with pytest.raises(ModelError, match="leads to 127.0.0.1; that is not"):
            client_of(server, picture_hosts="cdn.example").download("https://cdn.example/1.png")
        assert not proxy.asked


# --- https -------------------------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def certificate(tmp_path_factory):
    if shutil.which("openssl") is None:
        pytest.skip("no openssl to make a certificate with")
    folder = tmp_path_factory.mktemp("tls")
    subprocess.run(
        ["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-days", "2"]
        + ["-subj", "/CN=localhost", "-addext", "subjectAltName=DNS:localhost,DNS:cdn.example"]
        + ["-keyout", folder / "key.pem", "-out", folder / "cert.pem"],
        check=True, capture_output=True,
    )  # fmt: skip
    return folder


@pytest.fixture
def secure(certificate, server, monkeypatch):
    """The server behind TLS, and clients that trust its certificate."""
    ours = ssl.create_default_context(cafile=certificate / "cert.pem")
    monkeypatch.setattr(wire, "certificates", lambda: ours)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate / "cert.pem", certificate / "key.pem")
    with running() as behind:
        behind.socket = context.wrap_socket(behind.socket, server_side=True, do_handshake_on_connect=False)
        yield behind.say(OK)


def test_https_in_both_directions_and_kept(secure):
    client = Client("judge x", f"https://localhost:{secure.server_port}/v1", key_variable=VARIABLE, timeout=10)
    assert client.post("/x", {"long": "x" * 300_000}) == {"ok": True}
    assert secure.seen[0][1]["Authorization"] == f"Bearer {KEY}" and len(secure.seen[0][2]["long"]) == 300_000
    secure.say(raw(b"y" * 3_000_000))
    assert len(client.fetch("/y")) == 3_000_000


def test_a_certificate_of_another_name_and_of_nobody(secure, lookups, monkeypatch):
    lookups[0]["other.example"] = [["127.0.0.1"]]
    with pytest.raises(ModelError, match="cannot be reached at other.example:.*certificate"):
        Client("judge x", f"https://other.example:{secure.server_port}/v1", timeout=10).get("/x")
    monkeypatch.setattr(wire, "certificates", httpcore.default_ssl_context)
    with pytest.raises(ModelError, match="cannot be reached at localhost:.*certificate"):
        Client("judge x", f"https://localhost:{secure.server_port}/v1", timeout=10).get("/x")
    assert not secure.seen


def test_an_allowed_host_gets_no_key(secure, lookups, monkeypatch):
    """The one host that is asked here is this machine, so that for once it counts as public."""
    lookups[0]["cdn.example"] = [["127.0.0.1"]]
    monkeypatch.setattr("bugscope.providers.shared.addresses.public", lambda ip: True)
    secure.say(raw(b"bytes"))
    client = Client(
        "judge x", "http://127.0.0.1:1/v1", key_variable=VARIABLE, picture_hosts=f"cdn.example:{secure.server_port}", timeout=10
    )
    assert client.download(f"https://cdn.example:{secure.server_port}/1.png") == b"bytes"
    headers = secure.seen[0][1]
    assert headers["Host"] == f"cdn.example:{secure.server_port}" and KEY not in str(headers) and "Authorization" not in headers
