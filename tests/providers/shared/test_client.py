"""The client behind hosted models: what servers do to it, what it asks at once, what it pays for, what it never shows."""

import json
import logging
import os
import pickle
import signal
import subprocess
import sys
import threading
import time
from collections import Counter
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime

import pytest

from bugscope.core.errors import AnswerError, Declined, ModelError, SpecError, Transient
from bugscope.core.records import Usage
from bugscope.providers.shared.client import Busy, Client, Prices, Rejected
from support.fake_server import (
    HALF,
    KEY,
    NO,
    SLOW,
    TROUBLES,
    VARIABLE,
    Handler,
    endless,
    fails,
    gives,
    nobody,
    raw,
    readable,
    running,
    slowly,
)

OK = gives({"ok": True})


@pytest.fixture(scope="module")
def up():
    with running() as server:
        yield server


@pytest.fixture
def server(up):
    return up.say(OK)


@pytest.fixture
def client(server):
    with_key = client_of(server)
    yield with_key
    with_key.close()


def client_of(server, **options):
    return Client("captioner test/small", server.base_url, **{"key_variable": VARIABLE, "wanted": "model 'small'", **options})


# --- one question ------------------------------------------------------------------------------------------------------


def test_json_and_bytes_are_posted_and_got(server, client):
    assert client.post("/there", {"a": "é \ud800"}) == {"ok": True}
    assert client.get("/here?x=1") == {"ok": True}
    assert client.fetch("/raw") == b'{"ok": true}'
    (post, get, fetch) = server.seen
    assert post[0] == "/v1/there" and post[2] == {"a": "é \ud800"} and post[1]["Content-Type"] == "application/json"
    assert get[0] == "/v1/here?x=1" and fetch[0] == "/v1/raw" and "Content-Type" not in get[1]
    assert all(headers["Authorization"] == f"Bearer {KEY}" for _, headers, _ in server.seen)
    assert client.usage == Usage(requests=3)


@pytest.mark.parametrize(
    ("kind", "reply", "options"), [t for t in TROUBLES if t.id not in ("list", "null", "number", "object")]
)
@pytest.mark.parametrize("ask", ["post", "get"])
def test_every_trouble_is_a_readable_error(server, kind, reply, options, ask):
    client = client_of(server.say(reply), **options)
    begun = time.monotonic()
    with pytest.raises(kind) as error:
        client.post("/x", {}) if ask == "post" else client.get("/x")
    readable(error.value, "captioner test/small")
    assert time.monotonic() - begun < 4 and len(server.seen) == 1
    # nothing that hangs on the error shows the key either
    assert error.value.__cause__ is None and error.value.__context__ is None
    assert client.post("/x", {}) if not server.say(OK) else True  # and the client is as good as before


@pytest.mark.parametrize("reply", [*HALF.values(), *NO.values(), *SLOW.values()])
def test_bytes_come_whole_or_not_at_all(server, reply):
    if reply in (HALF["cut JSON"], HALF["empty"]):
        return  # as bytes they are what they are
    with pytest.raises((Transient, ModelError)) as error:
        client_of(server.say(reply), timeout=0.2).fetch("/x")
    readable(error.value)


def test_a_limit_of_bytes_is_the_callers(server, client):
    server.say(raw(json.dumps("x" * 3_000_000).encode()))
    with pytest.raises(AnswerError, match="sent more than 1000000 bytes"):
        client.post("/x", {})
    assert len(client.post("/x", {}, limit=4_000_000)) == 3_000_000
    begun = time.monotonic()
    with pytest.raises(AnswerError, match="sent more than 64000000 bytes"):
        client_of(server.say(endless)).fetch("/x")
    assert time.monotonic() - begun < 10


def test_nobody_listens():
    address = nobody()
    with pytest.raises(ModelError) as error:
        Client("judge x", address).post("/x", {})
    readable(error.value, f"judge x cannot be reached at {address[7:-3]}", "refused")


def test_retry_after_is_seconds_a_date_or_nothing(server):
    def wait(**headers):
        with pytest.raises(Busy) as error:
            client_of(server.say(fails(429, **headers))).post("/x", {})
        assert error.value.status == 429
        return error.value.retry_after

    now = datetime.now(UTC)
    assert 25 < wait(Retry_After=format_datetime(now + timedelta(seconds=30), usegmt=True)) <= 30
    assert wait(Retry_After=format_datetime(now - timedelta(days=1), usegmt=True)) == 0
    assert wait(Retry_After="-5") == wait(Retry_After="nan") == 0
    assert wait(Retry_After="0.5") == 0.5 and wait(Retry_After_Ms="250", Retry_After="1") == 0.25
    assert wait(Retry_After_Ms="soon", Retry_After="1") == 1
    for nonsense in ("soon", "", "Wed, 21 Oct 99999 07:28:00 GMT", "Wed, 21 Oct 2015 07:28:00 +99999999999999999999"):
        assert wait(Retry_After=nonsense) is None
    assert wait() is None


def test_google_says_how_long_to_wait_in_the_body(server, client):
    def wait(*details):
        server.say(gives({"error": {"code": 429, "message": "quota", "details": list(details)}}, 429))
        with pytest.raises(Transient, match="answered 429: 'quota'") as error:
            client.post("/x", {})
        return error.value.retry_after

    assert wait({"@type": "type.googleapis.com/google.rpc.RetryInfo", "retryDelay": "34.5s"}) == 34.5
    assert wait() is wait(7, {"retryDelay": "soon"}, {"retryDelay": 3}) is None


@pytest.mark.parametrize(
    ("data", "said"),
    [
        ({"error": {"message": "too long", "code": "length"}}, "'too long'"),
        ({"error": "too long"}, "'too long'"),
        ({"message": "too long"}, "'too long'"),
        ({"detail": "too long"}, "'too long'"),
        ({"detail": [{"loc": ["body"]}]}, '{"detail": [{"loc": ["body"]}]}'),
        ({"error": {}, "x": 1}, '{"error": {}, "x": 1}'),
    ],
)
def test_the_servers_own_words_are_quoted(server, client, data, said):
    with pytest.raises(Rejected) as error:
        client_of(server.say(gives(data, 400))).post("/x", {})
    readable(error.value, "answered 400: ", said)
    assert error.value.status == 400 and error.value.data == data
    assert error.value.code == ("length" if "length" in str(data) else "")


def test_no_credit_left_is_no_reason_to_wait(server, client):
    server.say(gives({"error": {"message": "You exceeded your quota", "code": "insufficient_quota"}}, 429))
    with pytest.raises(ModelError, match="127.0.0.1:[0-9]+ says that the account has no credit left: 'You exceeded"):
        client.post("/x", {})


def test_no_such_model_and_no_such_page(server, client):
    server.say(fails(404, f"gone {KEY}"))
    with pytest.raises(Rejected, match=r"no model 'small' at http://127\.0\.0\.1:\d+/v1/x \(404\): 'gone \*\*\*'"):
        client.post("/x", {})
    with pytest.raises(ModelError, match="no such address at "):
        client_of(server, wanted="").get("/x")


def test_a_redirect_is_not_followed(server, client):
    server.say(fails(302, "", Location=f"{server.root}/elsewhere"))
    with pytest.raises(ModelError, match=rf"answered 302: nothing more \(a redirect to '{server.root}/elsewhere'; none is f"):
        client.get("/x")
    assert len(server.seen) == 1


def test_errors_can_be_sent_to_another_process(server):
    for error in (Busy("later", 3.0, 429, {"a": 1}), Rejected("no", 400, "no", {"a": 1}), Transient("x", 2.0)):
        copy = pickle.loads(pickle.dumps(error))
        assert str(copy) == str(error) and vars(copy) == vars(error)


def test_connections_are_kept(up):
    class Keeping(Handler):
        protocol_version = "HTTP/1.1"

    up.RequestHandlerClass = Keeping
    try:
        client = client_of(up.say(OK))
        before = up.connections
        for _ in range(5):
            client.post("/x", {})
        assert up.connections == before + 1
        client.close()
        client.close()
        assert client.post("/x", {}) == {"ok": True}  # as good as new
        client.close()
    finally:
        up.RequestHandlerClass = Handler


def test_pictures_are_downloaded_from_https_or_from_the_server_itself(server, client):
    server.say(raw(b"bytes"))
    assert client.download(f"{server.root}/pictures/1.png") == b"bytes"
    assert "Authorization" not in server.seen[0][1]  # the key is for the interface alone
    for bad in (
        "http://example.org/1.png",
        f"http://127.0.0.1:{server.server_port + 1}/x",
        "file:///etc/passwd",
        "1.png",
        "",
        "http://\n",
    ):
        with pytest.raises(ModelError, match="as a picture's address; expected https"):
            client.download(bad)
    server.say(raw(b"x" * 100))
    with pytest.raises(AnswerError, match="more than 10 bytes"):
        client.download(f"{server.root}/1.png", limit=10)
    server.say(fails(403, "expired"))
    with pytest.raises(ModelError, match="expired"):
        client.download(f"{server.root}/1.png?signature=secret")
    with pytest.raises(ModelError, match="fetched from 127.0.0.1:[0-9]+ alone; .* in the option picture_hosts") as error:
        client.download(nobody().replace("http:", "https:") + "?signature=s3cret")
    assert "s3cret" not in str(error.value)


# --- the key -----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("key_as", "header", "value"),
    [
        ("bearer", "Authorization", f"Bearer {KEY}"),
        ("x-goog-api-key", "x-goog-api-key", KEY),
        ("basic", "Authorization", "Basic c2stdGVzdC0wMTIzNDU2Nzg5YWJjZGVm"),
    ],
)
def test_a_key_is_sent_as_the_server_wants_it(server, key_as, header, value):
    client_of(server, key_as=key_as).post("/x", {})
    assert server.seen[0][1][header] == value
    if key_as == "basic":  # its other shape is as secret
        server.say(gives({"said": f"got {value}"}))
        assert client_of(server, key_as=key_as).post("/x", {}) == {"said": "got Basic ***"}


def test_a_key_is_in_nothing_that_is_kept_or_said(server, caplog):
    caplog.set_level(logging.DEBUG)
    client = client_of(server.say(gives({KEY: [f"near {KEY}", {"deep": KEY}], "n": 1})))
    assert client.post("/x", {}) == {"***": ["near ***", {"deep": "***"}], "n": 1}
    for status in (400, 401, 403, 404, 418, 429, 500):
        server.say(gives({"error": {"message": f"Incorrect key {KEY} or {KEY[:8]}***{KEY[-4:]} or {KEY[5:14]}"}}, status))
        with pytest.raises((ModelError, Transient)) as error:
            client.post("/x", {})
        readable(error.value, "Incorrect key *** or *** or ***")
        assert KEY[-4:] not in str(error.value)
    assert KEY not in f"{client!r} {vars(client)} {caplog.text}"
    assert "api.openai.com" not in caplog.text and "HTTP Request: POST" in caplog.text  # it was there to see


def test_words_that_a_key_shares_with_any_text_stay(server, monkeypatch):
    monkeypatch.setenv(VARIABLE, "sk-proj-A1b2C3d4E5f6")
    said = '{"detail":"your project has no access","key":"sk-proj-A1***"}'
    with pytest.raises(ModelError) as error:
        client_of(server.say(fails(400, said))).post("/x", {})
    assert "your project has no access" in str(error.value) and "A1" not in str(error.value)
    with pytest.raises(ModelError, match="your project; key: \\*\\*\\* or \\*\\*\\*"):
        client_of(server.say(fails(400, "your project; key: sk-proj-A1*** or ***E5f6"))).post("/x", {})


@pytest.mark.parametrize(("status", "says"), [(401, "refused the key in BUGSCOPE_TEST_KEY"), (403, "refused the key in")])
def test_a_refused_key_and_a_missing_one(server, status, says):
    with pytest.raises(Rejected, match=rf"{says}.* \({status}\): 'your organization must be verified'"):
        client_of(server.say(fails(status, "your organization must be verified"))).post("/x", {})
    with pytest.raises(ModelError, match="wants a key: set BUGSCOPE_NO_SUCH_KEY"):
        client_of(server, key_variable="BUGSCOPE_NO_SUCH_KEY").post("/x", {})
    with pytest.raises(ModelError, match="wants a key: set the argument key_variable"):
        client_of(server, key_variable="").post("/x", {})
    assert "Authorization" not in server.seen[-1][1]


def test_a_key_with_blanks_around_it_is_taken_and_one_that_is_none_is_not_shown(server, monkeypatch):
    monkeypatch.setenv(VARIABLE, f" {KEY}\n")
    client = client_of(server)
    client.post("/x", {})
    assert server.seen[0][1]["Authorization"] == f"Bearer {KEY}"
    for bad in (f"{KEY}\nX-Other: 1", f"“{KEY}”", "ключ"):
        monkeypatch.setenv(VARIABLE, bad)
        with pytest.raises(SpecError, match=f"the key in {VARIABLE} has characters") as error:
            client.post("/x", {})
        assert bad not in str(error.value)
        readable(error.value)
    assert len(server.seen) == 1
    monkeypatch.delenv(VARIABLE)
    with pytest.raises(SpecError, match=f"captioner test/small needs a key: set the environment variable {VARIABLE}"):
        client.need_key()


@pytest.mark.parametrize("placeholder", ["o", "EMPTY", "xxxxxxxxxxxx", "AAAAAAAA"])
def test_a_placeholder_for_a_key_takes_nothing_from_the_answer(server, monkeypatch, placeholder):
    monkeypatch.setenv(VARIABLE, placeholder)
    server.say(gives({"data": f"oxAAAAAAAAAAA {placeholder}"}))
    assert client_of(server).post("/x", {}) == {"data": f"oxAAAAAAAAAAA {placeholder}"}


@pytest.mark.parametrize(
    "base_url",
    ["localhost:8000/v1", "", "ftp://host/v1", "http://", "http://host\n/v1", "http://host:port/v1", "file:///etc/passwd"]
    + ["http://me:s3cret@host/v1", "http://me:s3/c:ret@host/v1", "https://host/v1?key=s3cret", "https://host/v1#s3cret"],
)
def test_an_address_that_is_none_is_named_without_its_password(base_url):
    with pytest.raises(SpecError, match=r"base_url '.*' should read https://HOST or") as error:
        Client("x", base_url)
    assert "s3" not in str(error.value) and "ret@" not in str(error.value)


@pytest.mark.parametrize(
    "options",
    [{"timeout": 0}, {"timeout": -1}, {"timeout": float("nan")}, {"concurrency": 0}]
    + [{"prices": Prices(image=value)} for value in (-1, float("nan"), float("inf"), "free")],
)
def test_a_number_that_means_nothing(options):
    with pytest.raises(SpecError, match="should be"):
        Client("x", "http://127.0.0.1:1", **options)


# --- what it costs -----------------------------------------------------------------------------------------------------


def test_usage_adds_up_at_the_stated_prices():
    client = Client("x", "http://127.0.0.1:1", prices=Prices(2.0, 8.0, 0.04))
    assert client.priced and client.usage == Usage()
    client.paid(input_tokens=1_000_000, output_tokens=500_000, images=2)
    assert client.usage == Usage(0, 1_000_000, 500_000, 2, pytest.approx(2 + 4 + 0.08))
    client.paid(input_tokens=10, cost=0.5)  # what the server says counts
    assert client.usage.cost == pytest.approx(6.58) and client.usage.input_tokens == 1_000_010


def test_what_is_no_number_counts_as_none():
    client = Client("x", "http://127.0.0.1:1", prices=Prices(input=1.0))
    for nonsense in (None, "7", [], {}, True, -5, float("nan"), float("inf"), 10**30):
        client.paid(input_tokens=nonsense, output_tokens=nonsense, cost=nonsense)
    assert client.usage == Usage()


def test_a_price_of_nothing_is_a_price():
    assert Client("x", "http://127.0.0.1:1", prices=Prices(input=0)).priced
    assert not Client("x", "http://127.0.0.1:1").priced


def test_usage_of_many_threads_loses_nothing():
    client = Client("x", "http://127.0.0.1:1")
    threads = [threading.Thread(target=lambda: [client.paid(images=1, cost=0.5) for _ in range(500)]) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert client.usage == Usage(images=4000, cost=2000.0)


# --- many questions at once --------------------------------------------------------------------------------------------


class Asker:
    """Answers a number with its double; `raises` says what a number raises, each time or the first times."""

    def __init__(self, raises=None, seconds=0.0):
        self.raises, self.seconds = raises or {}, seconds
        self.asked, self.now, self.most, self.lock = [], 0, 0, threading.Lock()

    def __call__(self, item):
        with self.lock:
            self.asked.append(item)
            self.now += 1
            self.most = max(self.most, self.now)
        try:
            time.sleep(self.seconds)
            errors = self.raises.get(item)
            if errors:
                error = errors.pop(0) if isinstance(errors, list) else errors
                if error is not None:
                    raise error
            return item * 2
        finally:
            with self.lock:
                self.now -= 1

    @property
    def counts(self):
        return Counter(self.asked)


def pool(**options):
    return Client("x", "http://127.0.0.1:1", **options)


def test_answers_come_in_order_and_the_same_question_is_asked_once():
    client, ask = pool(), Asker(seconds=0.001)
    assert client.each([3, 1, 2, 3, 1], ask) == [6, 2, 4, 6, 2]
    assert ask.counts == {1: 1, 2: 1, 3: 1}
    assert client.each([], ask) == []
    assert client.each([3], ask) == [6] and ask.counts[3] == 2  # what was handed out is not kept


def test_as_many_at_once_as_is_allowed_and_no_more():
    client, ask = pool(concurrency=5), Asker(seconds=0.01)
    assert client.each(range(60), ask) == [2 * i for i in range(60)]
    assert client.window == 5 and ask.most == 5
    one = Asker(seconds=0.001)
    assert pool(concurrency=1).each(range(9), one) and one.most == 1


def test_questions_at_once_grow_by_one_a_clean_round_and_halve_when_the_server_groans():
    client, seen = pool(concurrency=8), []
    for i in range(30):
        client.each([i], Asker())
        seen.append(client.window)
    assert seen == [2, 3, 3, 3, 4, 4, 4, 4, 5, 5, 5, 5, 5, 6, 6, 6, 6, 6, 6, 7, 7, 7, 7, 7, 7, 7, 8, 8, 8, 8]
    for want in (4, 2, 1, 1):
        with pytest.raises(Transient):
            client.each([99], Asker({99: Transient("busy")}))
        assert client.window == want
    client.each([1], Asker())
    assert client.window == 2


def test_a_batch_that_groans_halves_once():
    client = pool(concurrency=8)
    client.window = 8
    with pytest.raises(Transient):
        client.each(range(8), Asker({i: Transient("busy") for i in range(8)}, seconds=0.01))
    assert client.window == 4


def test_a_busy_server_is_told_of_with_its_longest_wait_after_what_was_under_way():
    client = pool(concurrency=4)
    client.window = 4
    ask = Asker({0: Transient("a", 2.0), 1: Transient("b", 9.0), 2: Transient("c"), 3: Transient("d", 1.0)}, seconds=0.02)
    with pytest.raises(Transient, match="b") as error:
        client.each(range(20), ask)
    assert error.value.retry_after == 9.0
    assert sorted(ask.asked) == [0, 1, 2, 3] and ask.now == 0  # nothing more was begun


def test_nothing_is_paid_for_twice_after_an_interrupted_batch():
    client = pool(concurrency=1)
    ask = Asker({i: [Transient("busy"), None] for i in (2, 5)})
    for _ in range(2):
        with pytest.raises(Transient):
            client.each(range(8), ask)
    assert client.each(range(8), ask) == [2 * i for i in range(8)]
    assert ask.counts == {i: 2 if i in (2, 5) else 1 for i in range(8)}


def test_halves_of_a_batch_get_what_was_kept():
    client, ask = pool(), Asker({5: Transient("never")})
    for _ in range(3):
        with pytest.raises(Transient):
            client.each(range(8), ask)
    assert client.each(range(4), ask) == [0, 2, 4, 6]
    with pytest.raises(Transient):
        client.each([4, 5, 6, 7], ask)
    assert client.each([4], ask) == [8] and client.each([6, 7], ask) == [12, 14]
    assert ask.counts == {i: 4 if i == 5 else 1 for i in range(8)}


def test_what_failed_is_asked_last():
    client, ask = pool(concurrency=1), Asker({0: Transient("never")})
    for _ in range(2):
        with pytest.raises(Transient):
            client.each(range(4), ask)
    assert ask.asked == [0, 1, 2, 3, 0]


def test_another_batch_forgets_the_last():
    client, ask = pool(), Asker({1: [Transient("busy"), None]})
    with pytest.raises(Transient):
        client.each([0, 1], ask)
    assert client.each([7], ask) == [14]
    assert client.each([0, 1], ask) == [0, 2] and ask.counts[0] == 2
    # nor is anything kept of one that has been answered
    assert client.each([0, 1], ask) == [0, 2] and ask.counts[0] == 3


def test_a_declined_item_does_not_keep_the_others_from_being_answered():
    client, ask = pool(), Asker({2: Declined("no"), 4: Declined("nor this")})
    with pytest.raises(Declined, match="no"):
        client.each(range(6), ask)
    assert sorted(ask.asked) == list(range(6))
    with pytest.raises(Declined):
        client.each([0, 1, 2], ask)
    assert client.each([0], ask) == [0]
    with pytest.raises(Declined):
        client.each([1, 2], ask)
    assert client.each([1], ask) == [2]
    for alone in (2, 4):
        with pytest.raises(Declined):
            client.each([alone], ask)
    assert client.each([3], ask) == [6] and client.each([5], ask) == [10]
    assert ask.counts == {i: 1 for i in range(6)}
    with pytest.raises(Declined):  # on another day it is asked again
        client.each([2], ask)
    assert ask.counts[2] == 2


def test_busy_comes_before_declined():
    client, ask = pool(concurrency=1), Asker({0: Declined("no"), 1: [Transient("busy"), None]})
    with pytest.raises(Transient):
        client.each([0, 1], ask)
    with pytest.raises(Declined):
        client.each([0, 1], ask)
    assert ask.counts == {0: 1, 1: 2}


@pytest.mark.parametrize("error", [ModelError("broken"), ValueError("bug"), MemoryError("full"), KeyboardInterrupt()])
def test_any_other_error_is_raised_at_once(error):
    slow = threading.Event()

    def ask(item):
        if item == 0:
            raise error
        slow.wait(20)

    begun = time.monotonic()
    with pytest.raises(type(error)):
        pool().each([0, 1, 2], ask)
    assert time.monotonic() - begun < 2
    slow.set()


def test_what_was_under_way_when_it_broke_is_kept():
    client, go, asked, workers = pool(), threading.Event(), [], []

    def ask(item):
        asked.append(item)
        workers.append(threading.current_thread())
        if item == 0 and asked.count(0) == 1:
            raise ModelError("broken")
        go.wait(5)
        return item

    with pytest.raises(ModelError):
        client.each([0, 1], ask)
    go.set()
    assert client.each([0, 1], ask) == [0, 1] and Counter(asked) == {0: 2, 1: 1}


def test_what_failed_behind_our_back_is_asked_again():
    client, go, asked, workers = pool(), threading.Event(), [], []

    def ask(item):
        asked.append(item)
        workers.append(threading.current_thread())
        if item == 0 and asked.count(0) == 1:
            raise ModelError("broken")
        if item == 1 and asked.count(1) == 1:
            go.wait(5)
            raise ModelError("too late to matter")
        return item

    with pytest.raises(ModelError, match="broken"):
        client.each([0, 1], ask)
    go.set()
    for worker in workers:
        worker.join()
    assert client.each([0, 1], ask) == [0, 1]


def test_threads_may_share_a_client():
    client, answers, ask = pool(concurrency=8), {}, Asker(seconds=0.002)

    def work(begin):
        for i in range(begin, begin + 40, 4):
            answers[i] = client.each(range(i, i + 6), ask)

    threads = [threading.Thread(target=work, args=(begin,)) for begin in (0, 1000, 2, 1002)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(answers) == 40 and all(found == [2 * j for j in range(i, i + 6)] for i, found in answers.items())


INTERRUPTED = """
import signal, sys, time
from bugscope.providers.shared.client import Client
signal.signal(signal.SIGINT, signal.default_int_handler)  # a shell's background jobs ignore it
client = Client("x", sys.argv[1])
print("asking", flush=True)
try:
    client.each([1, 2], lambda i: client.post("/x", i))
except KeyboardInterrupt:
    print("stopped", flush=True)
"""


def test_ctrl_c_ends_a_wait_for_a_slow_server(server):
    server.say(slowly(OK, 30))
    env = {**os.environ, "NO_PROXY": "127.0.0.1"}
    with subprocess.Popen(
        [sys.executable, "-c", INTERRUPTED, server.base_url], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env=env
    ) as child:
        deadline = time.monotonic() + 20
        while len(server.seen) < 2 and time.monotonic() < deadline:
            time.sleep(0.01)
        begun = time.monotonic()
        child.send_signal(signal.SIGINT)
        out, err = child.communicate(timeout=20)
    assert out.split() == ["asking", "stopped"] and child.returncode == 0, err
    assert time.monotonic() - begun < 5


def test_requests_at_once_over_a_real_server(server):
    client = client_of(server.say(slowly(OK, 0.03)), concurrency=4)
    assert client.each(range(40), lambda i: client.post("/x", {"i": i})) == [{"ok": True}] * 40
    assert server.most == 4 and len(server.seen) == 40 == client.usage.requests


# --- unusable answers --------------------------------------------------------------------------------------------------


def test_a_server_that_never_says_anything_of_use_is_given_up():
    client = pool()
    assert [type(client.useless("why")) for _ in range(4)] == [Declined, Declined, ModelError, ModelError]
    assert "gave no usable answer to 5 questions, the last: why" in str(client.useless("why"))


def test_one_answer_of_use_is_enough_to_go_on():
    client = pool()
    client.useless("why")
    client.useful()
    assert all(isinstance(client.useless("why"), Declined) for _ in range(9))


def test_a_question_that_is_rejected_is_the_items_fault_where_others_were_answered():
    client = pool()
    error = Rejected("no", 400)
    assert client.unfit(error) is error
    client.useful()
    assert isinstance(client.unfit(error), Declined)
    wrong_key = Rejected("no", 401)
    assert client.unfit(wrong_key) is wrong_key


def test_nothing_heavy_is_imported_with_the_module():
    code = "import sys, bugscope.providers.openai, bugscope.providers.google; print('httpcore' in sys.modules)"
    found = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert found.stdout.strip() == "False"
