"""A server on this machine that says whatever a test wants, and the troubles that real servers make."""

import base64
import io
import json
import socket
import struct
import threading
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import numpy as np
import pytest
from PIL import Image

from bugscope.core.errors import ModelError, Transient

KEY = "sk-test-0123456789abcdef"
VARIABLE = "BUGSCOPE_TEST_KEY"


class Server(ThreadingHTTPServer):
    """Gives its `script` of replies one by one, the last for ever; `seen` is what was asked: (path, headers, body).

    `answer(body) -> reply`, where it is set, is asked in the script's place. `most`: requests under way at once, at most.
    """

    daemon_threads = True
    request_queue_size = 64

    def __init__(self):
        super().__init__(("127.0.0.1", 0), Handler)
        self.lock, self.over = threading.Lock(), threading.Event()
        self.connections = 0
        self.say()

    @property
    def root(self):
        return f"http://127.0.0.1:{self.server_port}"

    @property
    def base_url(self):
        return f"{self.root}/v1"

    def say(self, *script, answer=None):
        self.script, self.answer, self.seen = list(script), answer, []
        self.now = self.most = 0
        return self

    def reply(self, body):
        if self.answer is not None:
            return self.answer(body)
        with self.lock:
            return self.script.pop(0) if len(self.script) > 1 else self.script[0]

    def process_request(self, request, client_address):
        self.connections += 1
        super().process_request(request, client_address)

    def handle_error(self, request, client_address):
        """A client that went away, which is what some tests are about."""


class Handler(BaseHTTPRequestHandler):
    def do_POST(self):
        self.respond(json.loads(self.rfile.read(int(self.headers["Content-Length"]))))

    def do_GET(self):
        self.respond(None)

    def respond(self, body):
        server = self.server
        with server.lock:
            server.seen.append((self.path, dict(self.headers), body))
            server.now += 1
            server.most = max(server.most, server.now)
        self.under_way = True
        try:
            server.reply(body)(self)
        finally:
            self.answered()

    def answered(self):
        """No longer under way. Said before the answer is sent: whoever has it may ask again before this thread goes on."""
        if self.under_way:
            self.under_way = False
            with self.server.lock:
                self.server.now -= 1

    def send(self, status, data, headers=(), length=None):
        self.answered()
        self.send_response(status)
        for name, value in headers:
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(data) if length is None else length))
        self.end_headers()
        self.wfile.write(data)

    def log_message(self, *args):
        pass


@contextmanager
def running():
    """A server with a key in the environment variable that its clients are told of."""
    with Server() as server, pytest.MonkeyPatch.context() as patch:
        patch.setenv(VARIABLE, KEY)
        patch.setenv("NO_PROXY", "127.0.0.1")
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
        thread.start()
        yield server
        server.over.set()
        server.shutdown()
        thread.join()


# --- replies -----------------------------------------------------------------------------------------------------------


def completion(content, finish="stop", usage=None, **message):
    choice = {"index": 0, "finish_reason": finish, "message": {"role": "assistant", "content": content, **message}}
    used = {"usage": usage} if usage else {}
    return json.dumps(
        {"id": "c", "object": "chat.completion", "created": 1, "model": "small", "choices": [choice], **used}
    ).encode()


def says(content, **more):
    data = completion(content if isinstance(content, str) else json.dumps(content), **more)
    return lambda handler: handler.send(200, data, [("Content-Type", "application/json")])


def gives(data, status=200, **headers):
    """JSON of any kind."""
    body = json.dumps(data).encode()
    return lambda handler: handler.send(status, body, [("Content-Type", "application/json"), *_headers(headers)])


def fails(status, text="no", **headers):
    return lambda handler: handler.send(status, text.encode(), _headers(headers))


def _headers(headers):
    return [(name.replace("_", "-"), value) for name, value in headers.items()]


def raw(data):
    return lambda handler: handler.send(200, data)


def slowly(reply, seconds):
    def wait(handler):
        handler.server.over.wait(seconds)
        reply(handler)

    return wait


def silent(handler):
    handler.server.over.wait(5)


def drip(handler):
    handler.send(200, b"", length=1000)
    while not handler.server.over.wait(0.05):
        handler.wfile.write(b" ")


def endless(handler):
    handler.send(200, b"", length=10**12)
    while not handler.server.over.is_set():
        handler.wfile.write(b" " * 1_000_000)


def reset(handler):
    handler.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    handler.connection.close()


def png(image):
    file = io.BytesIO()
    image.save(file, "PNG")
    return file.getvalue()


def picture(number):
    """One that tells the number of 0..255."""
    return Image.new("RGB", (12, 8), (number, 255 - number, 7))


def b64(image):
    return base64.b64encode(png(image)).decode()


def image_of(url):
    """The picture in a data URL."""
    head, data = url.split(",")
    assert head == "data:image/png;base64"
    return Image.open(io.BytesIO(base64.b64decode(data)))


def tone(image):
    """A number in 0..255 that tells pictures apart."""
    assert image.mode == "RGB"
    return int(np.asarray(image, dtype=int).sum()) % 256


# --- troubles ----------------------------------------------------------------------------------------------------------

BUSY = {
    str(status): fails(status, f"busy \x1b[31m {KEY}", Retry_After="7") for status in (408, 409, 429, 500, 502, 503, 504, 529)
}
"""Servers that ask for seven seconds."""
HALF = {
    "cut": lambda handler: handler.send(200, completion("{}")[:40], length=400),
    "cut JSON": raw(completion('{"a": 1}')[:60]),
    "empty": raw(b""),
    "closed": lambda handler: None,
    "reset": reset,
    "no HTTP": lambda handler: handler.wfile.write(f"{KEY} is no status line\r\n\r\n".encode()),
    "no gzip": lambda handler: handler.send(200, b"no gzip", [("Content-Encoding", "gzip")]),
}
"""Half an answer, or less."""
SLOW = {"silent": silent, "drip": drip}
STRANGE = {
    "HTML": raw(f"<html>a web page for {KEY}</html>".encode()),
    "list": raw(b"[]"),
    "null": raw(b"null"),
    "number": raw(b"7"),
    "object": raw(b"{}"),
    "Python": raw(b"{'choices': [{'message': {'content': 'x'}}], 'data': [], 'candidates': []}"),
    "deep": raw(b"[" * 50_000),
    "bytes": raw(bytes(range(256)) * 4),
}
"""Not what was asked for."""
NO = {
    str(status): fails(status, f"\x1b[31m{KEY}" + "x" * 10_000, Location="http://127.0.0.1:1/")
    for status in (301, 400, 418, 501)
}


def readable(error, *parts):
    """One line of printable text that has no key, and no part of it, and is not long."""
    text = str(error)
    assert text.isprintable() and len(text) < 700 and KEY not in text and KEY[8:12] not in text
    assert all(part in text for part in parts), text


TROUBLES = [
    *(pytest.param(Transient, reply, {}, id=name) for name, reply in (BUSY | HALF).items()),
    *(pytest.param(Transient, reply, {"timeout": 0.15}, id=name) for name, reply in SLOW.items()),
    *(pytest.param(ModelError, reply, {}, id=name) for name, reply in (STRANGE | NO).items()),
]
"""What is raised, by which reply, with which options of the model."""


def nobody():
    """An address where nobody listens."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        return f"http://127.0.0.1:{free.getsockname()[1]}/v1"
