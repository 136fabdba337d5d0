"""The HTTP client of hosted providers: it limits sizes and times, never shows its key, and pays for no question twice.

A provider builds one `Client`, asks through it (`post`, `get`, `fetch`, `download`), many questions at once with `each`, and
inherits from `Hosted`. It neither sleeps nor tries again: the engine does, when it sees `Transient` or `Declined`.
"""

import base64
import functools
import importlib
import json
import os
import re
import threading
import time
from collections import deque
from collections.abc import Callable, Hashable, Mapping, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, wait
from email.utils import parsedate_to_datetime
from typing import Any, NamedTuple, TypeVar

from ...core.errors import Declined, ModelError, SpecError, Transient, short
from ...core.records import Usage

K = TypeVar("K", bound=Hashable)
A = TypeVar("A")
LATER = frozenset({408, 409, 425, 429, 500, 502, 503, 504, *range(520, 530)})
"""HTTP statuses after which the same question may be answered later."""
TEXT = 1_000_000
"""The most bytes accepted in an answer of words."""
PICTURES = 64_000_000
"""The most bytes accepted in an answer with pictures."""
HOPELESS = 3
"""After this many unusable answers and no usable one, the server is asked nothing more."""


class Busy(Transient):
    """The server answered that it should be asked again later. `status`: the HTTP status; `data`: its JSON, else None."""

    def __init__(self, message: str, retry_after: float | None = None, status: int = 0, data: Any = None) -> None:
        super().__init__(message, retry_after)
        self.status, self.data = status, data


class Rejected(ModelError):
    """The server will not answer this question. `status`: the HTTP status; `text`: its words, without the key; `data`: JSON."""

    def __init__(self, message: str, status: int = 0, text: str = "", data: Any = None) -> None:
        super().__init__(message)
        self.status, self.text, self.data = status, text, data

    @property
    def code(self) -> str:
        """The short word that servers give for the reason ("content_policy_violation"); "" if there is none."""
        error = self.data.get("error") if isinstance(self.data, dict) else None
        return str(error.get("code") or error.get("type") or "") if isinstance(error, dict) else ""


class Prices(NamedTuple):
    """What the user says a million tokens and a picture cost; None where unknown."""

    input: float | None = None
    output: float | None = None
    image: float | None = None


UNKNOWN = Prices()


class Hosted:
    """A model behind a `Client`: metered by the engine, closed at the end of a run."""

    client: "Client"

    @property
    def usage(self) -> Usage:
        return self.client.usage

    @property
    def priced(self) -> bool:
        """Whether the user has stated a price."""
        return self.client.priced

    def close(self) -> None:
        self.client.close()


class Client:
    """One server. Threads may share it.

    `name`: the model it belongs to, for messages; `wanted`: what is missing when the server answers 404 ("model 'x'").
    `key_variable`: the environment variable that holds the key, "" for none; `key_as`: "bearer", "basic" (the key reads
    USER:PASSWORD) or the name of the header that takes it. `timeout`: seconds for one answer. `concurrency`: the most questions
    that `each` asks at once.

    Raises SpecError for an invalid address or number.
    """

    def __init__(
        self,
        name: str,
        base_url: str,
        *,
        wanted: str = "",
        key_variable: str = "",
        key_as: str = "bearer",
        timeout: float = 60.0,
        concurrency: int = 8,
        prices: Prices = UNKNOWN,
    ) -> None:
        url = _address(base_url)
        self.name, self.wanted = name, wanted
        self.base_url, self.host, self.address = str(url).rstrip("/"), str(url.host), url.netloc.decode()
        self.key_variable, self.key_as = key_variable, key_as
        if not timeout > 0 or concurrency < 1:
            raise SpecError(f"{name}: timeout {timeout} should be above 0, and concurrency {concurrency} at least 1")
        for what, price in prices._asdict().items():
            if price is not None and not (isinstance(price, int | float) and 0 <= price < float("inf")):
                raise SpecError(f"{name}: price_{what} {price!r} should be a number that is not below 0")
        self.timeout, self.concurrency, self.prices = timeout, concurrency, prices
        self.usage = Usage()
        self.window = min(2, concurrency)
        """How many questions `each` has under way: one more after that many answers, half after a `Transient`."""
        self._clean = 0
        self._proven, self._useless = False, 0
        self._pool: Any = None
        self._lock = threading.Lock()
        # of the last batch: answers that are there or under way, what was declined, and what should be asked last
        self._batch: set[Hashable] = set()
        self._asked: dict[Hashable, Future[Any]] = {}
        self._declined: dict[Hashable, Declined] = {}
        self._late: set[Hashable] = set()

    # --- one question -----------------------------------------------------------------------------------------------------

    def post(self, path: str, body: Any, *, limit: int = TEXT) -> Any:
        """The JSON that answers the JSON `body`. `limit`: the most bytes accepted.

        Raises Transient if the server should be asked again later, ModelError if asking again is pointless, and its subclass
        Rejected, with the status, if the server says why.
        """
        return self._json("POST", path, json.dumps(body).encode(), limit)

    def get(self, path: str, *, limit: int = TEXT) -> Any:
        """The JSON at `path`; raises what `post` raises."""
        return self._json("GET", path, None, limit)

    def fetch(self, path: str, *, limit: int = PICTURES) -> bytes:
        """The bytes at `path`; raises what `post` raises."""
        url = self.base_url + path
        status, headers, got = self._send("GET", url, None, limit, self.key())
        self.check(status, got, headers, url)
        return got

    def download(self, url: str, *, limit: int = PICTURES) -> bytes:
        """The bytes at an address that the server named: https, or on the server itself; the key is not sent there."""
        httpx: Any = importlib.import_module("httpx")
        try:
            at = httpx.URL(url)
        except httpx.InvalidURL:
            at = httpx.URL("")
        own = httpx.URL(self.base_url)
        if not at.host or at.scheme != "https" and (at.scheme, at.netloc) != (own.scheme, own.netloc):
            raise ModelError(f"{self.name} names {short(repr(self.without_key(url)))} as a picture's address; expected https")
        status, headers, got = self._send("GET", str(at), None, limit, "")
        self.check(status, got, headers, f"{at.scheme}://{at.host}")
        return got

    def key(self) -> str:
        """The key, read when it is needed, so that no attribute holds it. Raises SpecError for what cannot be one."""
        key = os.environ.get(self.key_variable, "").strip() if self.key_variable else ""
        if not re.fullmatch("[!-~]*", key):  # as a header it would fail, with an error that shows it
            raise SpecError(f"the key in {self.key_variable} has characters that no key has (a space, a curly quote)")
        return key

    def need_key(self) -> None:
        """Raises SpecError if there is no key."""
        if not self.key():
            raise SpecError(f"{self.name} needs a key: set the environment variable {self.key_variable}")

    def without_key(self, data: Any) -> Any:
        """A text or JSON value with every occurrence of the key struck out."""
        secrets = _secrets(self.key())
        return _strike(data, secrets) if secrets else data

    def paid(
        self, *, input_tokens: Any = 0, output_tokens: Any = 0, images: int = 0, cost: Any = None, requests: int = 0
    ) -> None:
        """Add to `usage`. `cost`: as the server states it; otherwise the prices give it. What is not a number is 0."""
        used = Usage(requests, int(_number(input_tokens) or 0), int(_number(output_tokens) or 0), images)
        said, prices = _number(cost), self.prices
        if said is None:
            said = (used.input_tokens * (prices.input or 0) + used.output_tokens * (prices.output or 0)) / 1e6
            said += images * (prices.image or 0)
        with self._lock:
            self.usage += used._replace(cost=said)

    @property
    def priced(self) -> bool:
        """Whether the user has stated a price."""
        return any(price is not None for price in self.prices)

    def useful(self) -> None:
        """Note that an answer was usable."""
        self._proven = True

    def useless(self, why: str) -> Declined | ModelError:
        """What to raise for an unusable answer: the item is declined, or the model fails after several and no usable one."""
        with self._lock:
            self._useless += 1
            if not self._proven and self._useless >= HOPELESS:
                return ModelError(f"{self.name} gave no usable answer to {self._useless} questions, the last: {why}")
        return Declined(f"{self.name}: {why}")

    def unfit(self, error: Rejected) -> Declined | ModelError:
        """What to raise when the server rejects a question: Declined if it has answered others, else the error itself."""
        if self._proven and error.status in (400, 413, 415, 422):
            return Declined(str(error))
        return error

    def close(self) -> None:
        with self._lock:
            pool, self._pool = self._pool, None
        if pool is not None:
            pool.close()

    def check(self, status: int, got: bytes, headers: Mapping[str, str] | None = None, url: str = "") -> None:
        """Raises the error that a status outside 200..299 means: Busy, Rejected or another ModelError."""
        if 200 <= status < 300:
            return
        text = self.without_key(got.decode("utf-8", "replace").strip())
        try:
            data = json.loads(text)
        except (ValueError, RecursionError):
            data = None
        self.refuse(status, data, text, headers or {}, url)

    def refuse(self, status: int, data: Any, text: str, headers: Mapping[str, str] | None = None, url: str = "") -> None:
        """Raises the error that an error answer means."""
        key, said = self.key(), _complaint(data) or text
        # servers like to show some of the key
        quoted = short(repr(_mask(key, said[:2000]))) if said else "nothing more"
        error = Rejected(f"{self.name} answered {status}: {quoted}", status, text, data)
        if status == 429 and error.code == "insufficient_quota":
            raise Rejected(f"{self.name}: {self.address} says that the account has no credit left: {quoted}", 429, text, data)
        if status in LATER:
            raise Busy(str(error), _patience(headers or {}, data), status, data)
        if status in (401, 403):
            needed = self.key_variable or "the argument key_variable to the variable that holds it"
            why = f"refused the key in {self.key_variable}" if key else f"wants a key: set {needed}"
            raise Rejected(f"{self.name}: {self.address} {why} ({status}): {quoted}", status, text, data)
        if status == 404:
            what = self.wanted or "such address"
            raise Rejected(f"{self.name}: no {what} at {url or self.base_url} (404): {quoted}", 404, text, data)
        raise error

    def _json(self, method: str, path: str, body: bytes | None, limit: int) -> Any:
        url = self.base_url + path
        status, headers, got = self._send(method, url, body, limit, self.key())
        self.check(status, got, headers, url)
        text = got.decode("utf-8", "replace").strip()
        wrong = ""
        try:
            return self.without_key(json.loads(text))
        except json.JSONDecodeError as error:
            if not text or error.msg.startswith("Unterminated") or (text[0] in "{[" and error.pos >= len(text) - 8):
                wrong = "half an answer"
        except (ValueError, RecursionError):  # a number with too many digits, or lists nested too deep
            pass
        quoted = short(repr(_mask(self.key(), self.without_key(text[:2000]))))
        if wrong:
            raise Transient(f"{self.name} gave {wrong}: {quoted}")
        raise ModelError(f"{self.name} gave {quoted}; expected JSON from {url}")

    def _send(self, method: str, url: str, body: bytes | None, limit: int, key: str) -> tuple[int, Mapping[str, str], bytes]:
        """Status, headers and body. Raises Transient or ModelError unless a whole answer comes."""
        httpx: Any = importlib.import_module("httpx")
        headers = {"Content-Type": "application/json"} if body is not None else {}
        if key:
            headers |= _key_header(self.key_as, key)
        got, end, failed, later = bytearray(), time.monotonic() + self.timeout, "", True
        self.paid(requests=1)
        try:
            with self._open().stream(method, url, content=body, headers=headers) as reply:
                for part in reply.iter_bytes():
                    got += part
                    if len(got) > limit or time.monotonic() > end:
                        failed = f"{self.name} sent more than {limit} bytes or took more than {self.timeout} s"
                        break
        except httpx.ConnectError as error:
            where = f"{self.name} cannot be reached at {httpx.URL(url).netloc.decode()}"
            failed, later = f"{where}: {short(_mask(key, self.without_key(str(error))))}", False
        except httpx.RequestError as error:
            failed = f"{self.name}: {type(error).__name__} {short(_mask(key, self.without_key(str(error))))}".rstrip()
        if failed:  # not raised above: the error that would be its cause may show the key
            raise Transient(failed) if later else ModelError(failed)
        return reply.status_code, reply.headers, bytes(got)

    def _open(self) -> Any:
        """The pool of connections, made when it is first needed; proxies come from the environment."""
        httpx: Any = importlib.import_module("httpx")
        with self._lock:
            if self._pool is None:
                limits = httpx.Limits(max_connections=None, max_keepalive_connections=self.concurrency)
                self._pool = httpx.Client(timeout=self.timeout, limits=limits, follow_redirects=False, verify=_certificates())
            return self._pool

    # --- many questions ---------------------------------------------------------------------------------------------------

    def each(self, items: Sequence[K], ask: Callable[[K], A]) -> list[A]:
        """`ask` of every item, in order, several at a time. An item says everything about its question.

        After a Transient no more are begun; once those under way have ended, the one with the longest `retry_after` is raised.
        After a Declined the others are still asked, then it is raised. Answers are kept meanwhile: when the same batch, or a
        part of it, is asked again, none is paid for twice. Any other error is raised at once.
        """
        keys = list(dict.fromkeys(items))
        found: dict[K, Future[A]]
        found, todo = self._begin(keys)
        running = {future: key for key, future in found.items()}
        later: list[Transient] = []
        while True:
            while todo and not later and len(running) < self.window:
                key = todo.popleft()
                found[key] = self._start(key, ask)
                running[found[key]] = key
            if not running:
                break
            # with a time limit, so that Ctrl-C ends the wait on every platform
            for future in wait(running, timeout=1.0, return_when=FIRST_COMPLETED).done:
                self._settle(running.pop(future), future.exception(), later)
        if later:
            raise max(later, key=lambda error: error.retry_after or 0.0)
        with self._lock:
            declined = [self._declined[key] for key in keys if key in self._declined]
            for key in keys if not declined else keys if len(items) == 1 else ():
                self._asked.pop(key, None)
                self._declined.pop(key, None)
        if declined:
            raise declined[0]
        return [found[item].result() for item in items]

    def _begin(self, keys: Sequence[K]) -> tuple[dict[K, "Future[A]"], deque[K]]:
        """Answers there or under way since an interrupted batch, and the items still to be asked."""
        with self._lock:
            if not self._batch.issuperset(keys):  # another batch: what is left of the last one will not be asked for
                self._batch = set(keys)
                self._late.clear()
                for kept in (self._asked, self._declined):
                    for old in [old for old in kept if old not in self._batch]:
                        del kept[old]
            for key in keys:  # failed after its batch had ended
                known = self._asked.get(key)
                if known is not None and known.done() and known.exception() is not None:
                    del self._asked[key]
            todo = sorted((k for k in keys if k not in self._asked and k not in self._declined), key=self._late.__contains__)
            return {k: self._asked[k] for k in keys if k in self._asked}, deque(todo)

    def _start(self, key: K, ask: Callable[[K], A]) -> "Future[A]":
        future: Future[A] = Future()
        with self._lock:
            self._asked[key] = future

        def answer() -> None:
            try:
                future.set_result(ask(key))
            except BaseException as error:  # noqa: BLE001 - raised where it is waited for
                future.set_exception(error)

        # a daemon: the process may end while a server is slow
        threading.Thread(target=answer, daemon=True).start()
        return future

    def _settle(self, key: Hashable, error: BaseException | None, later: list[Transient]) -> None:
        """Keep the answer or the refusal, and widen or narrow the window. Raises any other error."""
        with self._lock:
            if isinstance(error, Transient):
                if not later:
                    self._clean, self.window = 0, max(1, self.window // 2)
                self._late.add(key)
                later.append(error)
            elif not later:
                self._clean += 1
                if self._clean >= self.window:
                    self._clean, self.window = 0, min(self.window + 1, self.concurrency)
            if error is not None:
                self._asked.pop(key, None)
            if isinstance(error, Declined):
                self._declined[key] = error
            elif error is not None and not isinstance(error, Transient):
                raise error


@functools.cache
def _certificates() -> Any:
    """The trusted certificates; reading them is slower than many an answer, so all clients share them."""
    httpx: Any = importlib.import_module("httpx")
    return httpx.create_ssl_context()


def _address(base_url: str) -> Any:
    """The URL. Raises SpecError, whose message shows no password or key."""
    httpx: Any = importlib.import_module("httpx")
    try:
        url = httpx.URL(base_url.rstrip("/"))
    except httpx.InvalidURL:
        url = httpx.URL("")
    if url.scheme not in ("http", "https") or not url.host or url.userinfo or url.query or url.fragment or "?" in base_url:
        shown = re.sub(r"(?s)(?<=//).*@|[?#].*", "", base_url)
        raise SpecError(f"base_url {shown!r} should read https://HOST or https://HOST/v1, without user, password or query")
    return url


def _key_header(key_as: str, key: str) -> dict[str, str]:
    if key_as == "bearer":
        return {"Authorization": f"Bearer {key}"}
    return {"Authorization": f"Basic {_basic(key)}"} if key_as == "basic" else {key_as: key}


def _basic(key: str) -> str:
    return base64.b64encode(key.encode()).decode()


def _secrets(key: str) -> list[str]:
    """The forms of a key to strike out; none for a short or plain one ("x", "EMPTY"), which servers without keys are given."""
    if len(key) < 8 or len(set(key)) < 4:
        return []
    # a server may show the key as it was sent, or as JSON writes it
    return list(dict.fromkeys([key, _basic(key), key.replace("/", "\\/"), json.dumps(key)[1:-1]]))


def _strike(data: Any, secrets: Sequence[str]) -> Any:
    if isinstance(data, str):
        for secret in secrets:
            data = data.replace(secret, "***")
        return data
    if isinstance(data, list):
        return [_strike(part, secrets) for part in data]
    if isinstance(data, dict):
        return {_strike(name, secrets): _strike(part, secrets) for name, part in data.items()}
    return data


def _mask(key: str, text: str) -> str:
    """The text of an error without the words that show some of the key."""
    parts = {key[i : i + 4] for i in range(len(key) - 3)} if _secrets(key) else set()
    # "proj" is in many keys and gives nothing away
    parts = {part for part in parts if not (part.isalpha() and part.islower())} or parts
    return re.sub(r"[\w*.…-]+", lambda word: "***" if any(part in word[0] for part in parts) else word[0], text)


def _complaint(data: Any) -> str:
    """The sentence in an error answer, wherever servers put it; "" if there is none."""
    for name in ("error", "message", "detail", "errors"):
        found = data.get(name) if isinstance(data, dict) else None
        if isinstance(found, dict):
            found = _complaint(found)
        if isinstance(found, str) and found.strip():
            return found.strip()
    return ""


def _patience(headers: Mapping[str, str], data: Any) -> float | None:
    """Seconds that a server asks for, in a header or in the error's details (Google); None if it asks for none."""
    asked = _number(_seconds(headers.get("Retry-After-Ms", "")))
    asked = asked / 1000 if asked is not None else _seconds(headers.get("Retry-After", ""))
    error = data.get("error") if isinstance(data, dict) else None
    details = error.get("details") if isinstance(error, dict) else None
    for detail in details if asked is None and isinstance(details, list) else ():
        delay = detail.get("retryDelay") if isinstance(detail, dict) else None
        if isinstance(delay, str) and (said := re.fullmatch(r"(\d{1,9}(?:\.\d{1,9})?)s", delay)):
            asked = float(said[1])
    return asked


def _seconds(header: str) -> float | None:
    """What Retry-After asks for, in seconds or as a date; None if it is neither."""
    try:
        return max(0.0, float(header))
    except ValueError:
        pass
    try:
        return max(0.0, parsedate_to_datetime(header).timestamp() - time.time())
    except (ValueError, OverflowError):
        return None


def _number(value: Any) -> float | None:
    """A finite, non-negative number; None for anything else a server may say."""
    if isinstance(value, bool) or not isinstance(value, int | float) or not 0 <= value < 1e15:
        return None
    return float(value)


def plain(text: str) -> str:
    """One printable line: no control characters, no lone surrogates."""
    return " ".join("".join(c if c.isprintable() else " " for c in text).split())
