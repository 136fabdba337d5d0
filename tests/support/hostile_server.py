"""A server on this machine that speaks, byte by byte, whatever a test wants, HTTP or not."""

import gzip
import socket
import threading
import zlib
from contextlib import contextmanager, suppress

HEAD = b"HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Type: application/json\r\n"
CHUNKED = HEAD + b"Transfer-Encoding: chunked\r\n\r\n"
ENDLESS = HEAD + b"\r\n"
PAUSE = 0.02
"""Seconds between two pieces of a server that is slow."""


class Hostile:
    """`behave(send, over)`, once per connection: after the request's head was read, and not of the body. `asked`: the heads."""

    def __init__(self, behave, greedy=True):
        self.behave, self.greedy = behave, greedy
        self.socket = socket.create_server(("127.0.0.1", 0))
        self.port, self.over, self.asked = self.socket.getsockname()[1], threading.Event(), []
        self.threads = [threading.Thread(target=self._listen, daemon=True)]
        self.threads[0].start()

    @property
    def base_url(self):
        return f"http://127.0.0.1:{self.port}"

    def _listen(self):
        while True:
            try:
                connection, _ = self.socket.accept()
            except OSError:
                return
            thread = threading.Thread(target=self._serve, args=(connection,), daemon=True)
            self.threads.append(thread)
            thread.start()

    def _serve(self, connection):
        with suppress(OSError), connection:
            if self.greedy:
                head = b""
                while b"\r\n\r\n" not in head:
                    head += connection.recv(65536)
                self.asked.append(head.partition(b"\r\n\r\n")[0].decode())
            self.behave(connection.sendall, self.over)
            connection.shutdown(socket.SHUT_WR)
            while connection.recv(65536):  # to close with something unread is to reset the connection
                pass

    def close(self):
        self.over.set()
        self.socket.shutdown(socket.SHUT_RDWR)
        self.socket.close()


@contextmanager
def hostile(behave, greedy=True):
    server = Hostile(behave, greedy)
    try:
        yield server
    finally:
        server.close()


def says(*parts):
    """These bytes, and the end."""

    def behave(send, over):
        for part in parts:
            send(part)

    return behave


def forever(first, piece, pause=PAUSE):
    """One piece after the other, without an end; slowly, or with `pause` 0 as fast as it can."""

    def behave(send, over):
        send(first)
        while not (over.wait(pause) if pause else over.is_set()):
            send(piece)

    return behave


def mute(send, over):
    over.wait(30)


def chunk(data, extension=b""):
    return b"%x%s\r\n%s\r\n" % (len(data), extension, data)


def packed(body, encoding="gzip"):
    return HEAD + f"Content-Encoding: {encoding}\r\nContent-Length: {len(body)}\r\n\r\n".encode() + body


def blanks_of_gzip():
    """The head of a gzip, and a piece of a thousand bytes that unpacks to a megabyte of blanks, however often it comes."""
    made = zlib.compressobj(9, wbits=-15)
    return gzip.compress(b"")[:10], made.compress(b" " * 1_000_000) + made.flush(zlib.Z_FULL_FLUSH)


GZIP_HEAD, BLANKS = blanks_of_gzip()
GZIP = HEAD + b"Content-Encoding: gzip\r\n\r\n" + GZIP_HEAD
EMPTY_BLOCK = b"\x00\x00\x00\xff\xff"
"""Of deflate: stored, of length 0, not the last."""
TWICE = gzip.compress(GZIP_HEAD + BLANKS * 300)
"""A gzip of a gzip of 300 megabytes."""
SLOW = {
    "headers byte by byte": forever(b"HTTP/1.1 200 OK\r\nX-Long: ", b"x"),
    "one header after the other": forever(b"HTTP/1.1 200 OK\r\n", b"X-More: 1\r\n"),
    "answers in advance": forever(b"", b"HTTP/1.1 103 Early Hints\r\n\r\n"),
    "an extension of a chunk": forever(CHUNKED + b"1;ext=", b"x"),
    "chunks with extensions": forever(CHUNKED, chunk(b" ", b";a=b")),
    "trailers": forever(CHUNKED + b"0\r\n", b"X-More: 1\r\n"),
    "a body byte by byte": forever(HEAD + b"Content-Length: 100000\r\n\r\n", b" "),
    "a body without a length": forever(ENDLESS, b" "),
    "empty blocks of gzip": forever(GZIP, EMPTY_BLOCK),
    "the body of an error": forever(b"HTTP/1.1 500 No\r\n\r\n", b" "),
    "a redirect": forever(b"HTTP/1.1 302 Found\r\nLocation: /\r\n\r\n", b" "),
    "nothing": mute,
}
"""Servers that always have one more piece, so that a time-out for each piece would never pass."""
FAST = {
    "a header": forever(b"HTTP/1.1 200 OK\r\nX-Long: ", b"x" * 10_000, 0),
    "headers": forever(b"HTTP/1.1 200 OK\r\n", b"X-More: 1\r\n" * 1000, 0),
    "answers in advance": forever(b"", b"HTTP/1.1 103 Early Hints\r\n\r\n" * 1000, 0),
    "an extension of a chunk": forever(CHUNKED + b"1;ext=", b"x" * 10_000, 0),
    "chunks with extensions": forever(CHUNKED, chunk(b" ", b";ext=" + b"x" * 1000) * 50, 0),
    "trailers": forever(CHUNKED + b"0\r\n", b"X-More: 1\r\n" * 1000, 0),
    "a body": forever(ENDLESS, b" " * 100_000, 0),
    "chunks": forever(CHUNKED, chunk(b" " * 100_000), 0),
    "a gzip bomb": forever(GZIP, BLANKS, 0),
    "empty blocks of gzip": forever(GZIP, EMPTY_BLOCK * 10_000, 0),
    "gzip in gzip": says(packed(TWICE, "gzip, gzip")),
    "gzip in gzip, in two headers": says(packed(TWICE, "gzip\r\nContent-Encoding: gzip")),
    "another packing": says(packed(b"\x1b\x00", "br")),
}
"""Servers that send what would fill any memory."""
