"""Servers that never end, or send more than a memory holds: each is left in bounded time and memory, with one sentence."""

import gzip
import json
import subprocess
import sys
import time

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bugscope.core.errors import AnswerError, ModelError, Transient
from bugscope.providers.shared.client import PICTURES, Client, Rejected
from support.fake_server import KEY, VARIABLE, readable
from support.hostile_server import FAST, HEAD, SLOW, forever, hostile, packed, says

SECONDS = 0.25
"""The deadline that these clients have."""
LATEST = 20.0
"""Seconds after which a server was not left in time, on a machine that is busy."""


@pytest.fixture(autouse=True, scope="module")
def key():
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv(VARIABLE, KEY)
        yield


def asked(server, ask="post", limit=1_000_000, seconds=SECONDS, body=None):
    client = Client("judge test/small", server.base_url, key_variable=VARIABLE, timeout=seconds)
    begun = time.monotonic()
    try:
        return client.post("/x", body or {}, limit=limit) if ask == "post" else getattr(client, ask)("/x", limit=limit)
    finally:
        assert time.monotonic() - begun < LATEST
        client.close()


@pytest.mark.parametrize("name", SLOW)
def test_the_deadline_is_that_of_the_whole_answer(name):
    with hostile(SLOW[name]) as server, pytest.raises((Transient, Rejected)) as error:
        asked(server)
    readable(error.value, "judge test/small", "took more than 0.25 s for its answer")
    assert error.value.__context__ is None


@pytest.mark.parametrize(("name", "ask"), [*((name, "post") for name in FAST), ("a header", "fetch"), ("a gzip bomb", "fetch")])
def test_what_is_too_large_is_not_read_to_its_end(name, ask):
    with hostile(FAST[name]) as server, pytest.raises((AnswerError, Transient)) as error:
        asked(server, ask, seconds=20)
    readable(error.value, "judge test/small")
    # h11 ends what has too long a head by itself
    assert any(
        words in str(error.value)
        for words in ("sent more than", "sent too much besides", "packed its answer", "RemoteProtocol")
    )


def test_a_server_that_takes_no_question_and_one_that_says_no_hello():
    def deaf(send, over):
        over.wait(30)

    with hostile(deaf, greedy=False) as server:
        with pytest.raises(Transient, match=r"took more than 0\.25 s"):
            asked(server, body="x" * 50_000_000)
        client = Client("judge test/small", server.base_url.replace("http:", "https:"), timeout=SECONDS)
        begun = time.monotonic()
        with pytest.raises(Transient, match=r"took more than 0\.25 s"):
            client.get("/x")
        assert time.monotonic() - begun < LATEST


def test_a_hello_byte_by_byte():
    """The beginning of a TLS record that announces 16,000 bytes."""
    with hostile(forever(b"\x16\x03\x03\x3e\x80", b"\x02"), greedy=False) as server:
        client = Client("judge test/small", server.base_url.replace("http:", "https:"), timeout=SECONDS)
        begun = time.monotonic()
        with pytest.raises((Transient, ModelError)):
            client.get("/x")
        assert time.monotonic() - begun < LATEST


def test_an_error_is_known_by_its_status_however_long_its_reason_is():
    with hostile(forever(b"HTTP/1.1 503 Busy\r\nRetry-After: 7\r\n\r\n", b"so busy " * 10_000, 0)) as server:
        with pytest.raises(Transient, match="answered 503: 'so busy so busy") as error:
            asked(server, seconds=20)
    assert error.value.retry_after == 7
    with hostile(says(b"HTTP/1.1 400 No\r\nContent-Encoding: br\r\nContent-Length: 2\r\n\r\nxx")) as server:
        with pytest.raises(Rejected, match="answered 400: nothing more"):
            asked(server)


def test_what_is_packed_once_is_read():
    for body in (gzip.compress(b'{"a": 1}'), gzip.compress(b'{"a": 1}') + b"and more"):
        with hostile(says(packed(body))) as server:
            assert asked(server, seconds=20) == {"a": 1}
            assert "Accept-Encoding: gzip" in server.asked[0]
    with hostile(says(packed(gzip.compress(b'{"a": 1}')[:-5]))) as server, pytest.raises(Transient, match="half of a gzip"):
        asked(server, seconds=20)


def whole(body):
    return HEAD + f"Content-Length: {len(body)}\r\n\r\n".encode() + body


@pytest.mark.parametrize(
    ("body", "why"),
    [
        (b"[" * 400_000 + b"]" * 400_000, "nested too deep"),
        (b'{"a":' * 100_000 + b"1" + b"}" * 100_000, "nested too deep"),
        (b"[" * 150 + b"]" * 150, "nested deeper than 100 levels"),
        (b'{"a":[' * 60 + b"]}" * 60, "nested deeper than 100 levels"),
        (b'{"n": ' + b"9" * 900_000 + b"}", "4300"),
        (b"[" + b"[]," * 333_000 + b"[]]", None),
        (b"[" + b"1," * 600_000, "more than 1000000 parts"),
    ],
    ids=["lists", "objects", "150 levels", "120 levels of both", "a number", "a million parts", "more parts"],
)
def test_json_that_is_made_to_hurt(body, why):
    if body.startswith(b"[1,"):
        body = b"[" + b"1," * 1_000_000 + b"1]"
    with hostile(says(whole(body))) as server:
        if why is None:
            assert len(asked(server, seconds=20)) == 333_001
            return
        with pytest.raises(AnswerError, match=why) as error:
            asked(server, limit=10_000_000, seconds=20)
    readable(error.value, "judge test/small gave", "expected JSON from")


@pytest.mark.parametrize("levels", [90, 150, 700, 900, 990, 5000])
@pytest.mark.parametrize("form", [b'{"error":%b}', b"[%b]", b'{"message":{"detail":%b}}'])
def test_an_error_that_is_nested_deep_is_an_error_all_the_same(levels, form):
    body = b'"x"'
    begin, end = form.split(b"%b")
    body = begin * levels + body + end * levels
    error_answer = b"HTTP/1.1 400 No\r\nContent-Length: %d\r\n\r\n" % len(body) + body
    with hostile(says(error_answer)) as server, pytest.raises(Rejected, match="answered 400: ") as error:
        asked(server, seconds=20)
    readable(error.value)


PIECES = [
    b"HTTP/1.1 200 OK\r\n", b"HTTP/1.0 200 OK\r\n", b"HTTP/1.1 204 No\r\n", b"HTTP/1.1 100 Go on\r\n\r\n",
    b"HTTP/1.1 304 x\r\n", b"HTTP/1.1 101 Other\r\n\r\n", b"HTTP/1.1 429 x\r\n", b"HTTP/1.1 400 x\r\n",
    b"HTTP/9.9 999 x\r\n", b"\r\n", b"\r\n\r\n", b"\n", b"Content-Length: 7\r\n", b"Content-Length: -1\r\n",
    b"Content-Length: 99999999999999999999\r\n", b"Content-Encoding: gzip\r\n", b"Transfer-Encoding: chunked\r\n",
    b"Transfer-Encoding: gzip, chunked\r\n", b"Location: //\x1b[31m\r\n", b"Retry-After: 1e999\r\n", b"7\r\n",
    b"fffffffffffffffffff\r\n", b"0\r\n\r\n", b'{"a":1}', b'{"a":"\\ud800"}', b"[NaN]", gzip.compress(b'{"a":1}'),
    b"\xff\x00", f"{KEY}\r\n".encode(), f'{{"error":"{KEY}"}}'.encode(), f"X: {KEY}\r\n".encode(),
]  # fmt: skip


@given(st.lists(st.sampled_from(PIECES) | st.binary(max_size=9), max_size=9), st.booleans())
@settings(max_examples=150)
def test_whatever_bytes_come_it_is_an_answer_or_an_error_in_one_line(pieces, fitting):
    """Pieces of HTTP in any order, half of the time after a head that fits."""
    begin = [PIECES[0]] if fitting else []
    with hostile(says(*begin, *pieces)) as server:
        try:
            assert KEY not in json.dumps(asked(server, seconds=5))
        except (Transient, ModelError) as error:
            readable(error, "judge test/small")


PEAK = """
import sys
from bugscope.providers.shared.client import Client, PICTURES
from bugscope.core.errors import AnswerError, Transient
client = Client("judge test/small", sys.argv[1], timeout=60)
limit = int(sys.argv[2])

def peak():  # resource's begins with that of the parent
    return int(next(line for line in open("/proc/self/status") if line.startswith("VmHWM")).split()[1])

client.post("/first", {})
before = peak()
try:
    client.post("/second", {}, limit=limit)
    print("fine", end=" ")
except (AnswerError, Transient) as error:
    print(type(error).__name__, end=" ")
print(peak() - before)
"""


def peak(second, limit):
    """What a child's question raises, and by how many megabytes its memory grows."""
    replies = iter([says(whole(b"{}"))])

    def behave(send, over):
        next(replies, second)(send, over)

    with hostile(behave) as server:
        run = subprocess.run(
            [sys.executable, "-c", PEAK, server.base_url, str(limit)], capture_output=True, text=True, timeout=120, check=True
        )
    said, kilobytes = run.stdout.split()
    return said, int(kilobytes) / 1000


@pytest.mark.skipif(sys.platform != "linux", reason="a process does not know its own memory there")
@pytest.mark.parametrize("name", ["a gzip bomb", "gzip in gzip", "a body", "answers in advance", "chunks with extensions"])
def test_memory_stays_within_a_few_megabytes_where_words_are_expected(name):
    said, megabytes = peak(FAST[name], 1_000_000)
    assert said in ("AnswerError", "Transient") and megabytes < 30


PICTURE_BOMBS = {
    "500 MB": ("AnswerError", forever(HEAD + b"Content-Length: 500000000\r\n\r\n", b"A" * 1_000_000, 0)),
    "gzip": ("AnswerError", FAST["a gzip bomb"]),
    "empty lists": ("AnswerError", says(whole(b"[" + b"[]," * 21_000_000 + b"[]]"))),
    "one picture": ("fine", says(whole(b'{"png": "' + b"A" * 63_000_000 + b'"}'))),
    "wide letters": ("fine", says(whole(b'{"png": "' + b"A" * 63_000_000 + '😀"}'.encode()))),
}
QUICK = ("500 MB", "empty lists")


@pytest.mark.skipif(sys.platform != "linux", reason="a process does not know its own memory there")
@pytest.mark.parametrize(
    "name", [pytest.param(name, marks=[] if name in QUICK else [pytest.mark.slow]) for name in PICTURE_BOMBS]
)
def test_memory_stays_within_some_times_the_limit_where_pictures_are_expected(name):
    wanted, reply = PICTURE_BOMBS[name]
    said, megabytes = peak(reply, PICTURES)
    assert said == wanted and megabytes < 10 * PICTURES / 1e6
