"""The HTTP client of hosted providers: it limits sizes and times, never shows its key, and pays for no question twice.

A provider builds one `Client`, asks through it (`post`, `get`, `fetch`, `download`), many questions at once with `each`, and
inherits from `Hosted`. It neither sleeps nor tries again: the engine does, when it sees `Transient` or `Declined`.
"""

import json
import logging
import os
import re
import threading
import time
from collections.abc import Mapping, Sequence
from email.utils import parsedate_to_datetime
from typing import Any, NamedTuple

from ...core import keys
from ...core.errors import AnswerError, Declined, ModelError, SpecError, Transient, short
from ...core.records import Usage
from ...core.texts import LONGEST
from . import addresses, answers, wire
from .addresses import Address
from .asking import Questions
from .redaction import basic, mask, secrets, strike

log = logging.getLogger(__name__)
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


class Client(Questions):
    """One server. Threads may share it.

    `name`: the model it belongs to, for messages; `wanted`: what is missing when the server answers 404 ("model 'x'").
    `key_variable`: the environment variable that holds the key, "" for none; `key_as`: "bearer", "basic" (the key reads
    USER:PASSWORD) or the name of the header that takes it. `timeout`: seconds for one whole answer, from looking up the
    server's name to the last byte. `concurrency`: the most questions that `each` asks at once. `picture_hosts`: hosts besides
    the server's own that pictures may be fetched from, "HOST" or "HOST:PORT", in a list or a text with commas.

    Raises SpecError for an invalid address or number, and for what is no name of a variable that is set: it may be the key.
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
        picture_hosts: Sequence[str] | str = (),
    ) -> None:
        super().__init__(concurrency)
        at = addresses.server(base_url)
        self.name, self.wanted = name, wanted
        self.base_url, self.host, self.address = f"{at.origin}{at.target}", at.host, at.netloc
        self.key_variable, self.key_as = keys.variable(key_variable), keys.header(key_as, ("bearer", "basic"))
        if not 0 < timeout < float("inf") or concurrency < 1:
            raise SpecError(f"{name}: timeout {timeout} should be above 0, and concurrency {concurrency} at least 1")
        for what, price in prices._asdict().items():
            if price is not None and not (isinstance(price, int | float) and 0 <= price < float("inf")):
                raise SpecError(f"{name}: price_{what} {price!r} should be a number that is not below 0")
        self.timeout, self.prices, self.picture_hosts = timeout, prices, addresses.hosts(picture_hosts)
        self.usage = Usage()
        self._proven, self._useless = False, 0
        self._wire = wire.Wire(concurrency)
        self._lock = threading.Lock()

    # --- one question -----------------------------------------------------------------------------------------------------

    def post(self, path: str, body: Any, *, limit: int = TEXT) -> Any:
        """The JSON that answers the JSON `body`. `limit`: the most bytes accepted.

        Raises Transient if the server should be asked again later, AnswerError if it sent something else than such an answer,
        ModelError if asking again is pointless, and its subclass Rejected, with the status, if the server says why.
        """
        return self._json("POST", path, json.dumps(body).encode(), limit)

    def get(self, path: str, *, limit: int = TEXT) -> Any:
        """The JSON at `path`; raises what `post` raises."""
        return self._json("GET", path, None, limit)

    def fetch(self, path: str, *, limit: int = PICTURES) -> bytes:
        """The bytes at `path`; raises what `post` raises."""
        reply = self._ask("GET", self._place(path), None, limit)
        self.check(reply.status, reply.body, reply.headers, self.base_url + path)
        return reply.body

    def download(self, url: str, *, limit: int = PICTURES) -> bytes:
        """The bytes at an address that the server named: on the server itself, or by https on one of `picture_hosts`, which
        then must be on the public internet. The key is not sent there. No proxy leads to another host: it would look up the
        name by itself."""
        shown = short(repr(keys.hidden(strike(url[:2000], secrets(self.key())))))
        try:
            at = addresses.address(url)
        except ValueError:
            raise self.unasked(f"{self.name} names {shown} as a picture's address; expected https") from None
        own = at.origin == addresses.address(self.base_url).origin
        if not own and at.scheme != "https":
            raise self.unasked(f"{self.name} names {shown} as a picture's address; expected https")
        if not own and (at.host, at.port) not in self.picture_hosts:
            raise self.unasked(
                f"{self.name} names {shown} as a picture's address, and pictures are fetched from {self.address} alone; to "
                f"allow another host, name it in the option picture_hosts ({at.netloc})"
            )
        reply = self._ask("GET", at, None, limit, foreign=True)
        if reply.status in (401, 403, 404):  # it says nothing of the key or the model
            said = self._quoted(reply.body.decode("utf-8", "replace").strip())
            raise Rejected(f"{self.name}: {at.origin} answered {reply.status} for a picture's address: {said}", reply.status)
        self.check(reply.status, reply.body, reply.headers, at.origin)
        return reply.body

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
        return strike(data, secrets(self.key()))

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

    # --- what came of it --------------------------------------------------------------------------------------------------

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

    def unasked(self, why: str) -> Declined | ModelError:
        """What to raise where an answer leads to what is not asked for: Declined if the server has given usable ones."""
        return Declined(why) if self._proven else ModelError(why)

    def unfit(self, error: Rejected) -> Declined | ModelError:
        """What to raise when the server rejects a question: Declined if it has answered others, else the error itself."""
        if self._proven and error.status in (400, 413, 415, 422):
            return Declined(str(error))
        return error

    def close(self) -> None:
        self._wire.close()

    def check(self, status: int, got: bytes, headers: Mapping[str, str] | None = None, url: str = "") -> None:
        """Raises the error that a status outside 200..299 means: Busy, Rejected or another ModelError."""
        if 200 <= status < 300:
            return
        text = self.without_key(got.decode("utf-8", "replace").strip())
        try:
            data = answers.read(got, self.key())
            text = json.dumps(data, ensure_ascii=False) if isinstance(data, list | dict) else text  # escapes may hide the key
        except ValueError:
            data = None
        self.refuse(status, data, text, headers or {}, url)

    def refuse(self, status: int, data: Any, text: str, headers: Mapping[str, str] | None = None, url: str = "") -> None:
        """Raises the error that an error answer means. `headers`: with names in small letters."""
        key, said, headers = self.key(), _complaint(data) or text, headers or {}
        # servers like to show some of the key
        quoted = self._quoted(said)
        error = Rejected(f"{self.name} answered {status}: {quoted}", status, text, data)
        if status == 429 and error.code == "insufficient_quota":
            raise Rejected(f"{self.name}: {self.address} says that the account has no credit left: {quoted}", 429, text, data)
        if status in LATER:
            raise Busy(str(error), _patience(headers, data), status, data)
        if 300 <= status < 400 and headers.get("location"):
            to = short(repr(self._masked(headers["location"][:2000].partition("?")[0])))
            raise Rejected(f"{error} (a redirect to {to}; none is followed)", status, text, data)
        if status in (401, 403):
            needed = self.key_variable or "the argument key_variable to the variable that holds it"
            why = f"refused the key in {self.key_variable}" if key else f"wants a key: set {needed}"
            raise Rejected(f"{self.name}: {self.address} {why} ({status}): {quoted}", status, text, data)
        if status == 404:
            what = self.wanted or "such address"
            raise Rejected(f"{self.name}: no {what} at {url or self.base_url} (404): {quoted}", 404, text, data)
        raise error

    # --- on the wire ------------------------------------------------------------------------------------------------------

    def _place(self, path: str) -> Address:
        at = addresses.address(self.base_url)
        return at._replace(target=at.target + path)

    def _masked(self, text: str) -> str:
        """Words of a server, without the key, parts of it, and what other keys are in addresses."""
        return keys.hidden(mask(self.key(), self.without_key(text)))

    def _quoted(self, text: str, nothing: str = "nothing more") -> str:
        """Words of a server as messages show them."""
        return short(repr(self._masked(text[:2000]))) if text else nothing

    def _json(self, method: str, path: str, body: bytes | None, limit: int) -> Any:
        reply = self._ask(method, self._place(path), body, limit)
        self.check(reply.status, reply.body, reply.headers, self.base_url + path)
        try:
            return answers.read(reply.body, self.key())
        except answers.Half:
            why = ""
        except ValueError as error:
            why = short(str(error))
        quoted = self._quoted(reply.body[:10_000].decode("utf-8", "replace").strip(), "''")
        if not why:
            raise Transient(f"{self.name} gave half an answer: {quoted}")
        raise AnswerError(f"{self.name} gave {quoted}; expected JSON from {self.base_url}{path} ({why})", whole=True)

    def _ask(self, method: str, to: Address, body: bytes | None, limit: int, foreign: bool = False) -> wire.Reply:
        """The whole answer. `foreign`: the address is the server's word, and the key is not sent there.

        Raises Transient, AnswerError or ModelError unless one comes.
        """
        own = to.origin == addresses.address(self.base_url).origin
        key, proxy = "" if foreign else self.key(), addresses.proxy(to) if own else None
        if key and proxy and to.scheme == "http":
            raise SpecError(
                f"{self.name} would be asked by http through a proxy, which could read the key; use https, or add {to.host} to "
                "the variable NO_PROXY"
            )
        headers = {"Content-Type": "application/json"} if body is not None else {}
        headers |= _key_header(self.key_as, key) if key else {}
        self.paid(requests=1)
        through = f" through the proxy {proxy.at.netloc}" if proxy else ""
        failed: Exception

        def said(error: Exception) -> str:
            return short(self._masked(plain(str(error))))

        try:
            reply = self._wire.ask(method, to, headers, body, seconds=self.timeout, limit=limit, proxy=proxy, anywhere=own)
            log.info("HTTP Request: %s %s%s %d", method, to.origin, to.target.partition("?")[0], reply.status)
            return reply
        except wire.Late:
            failed = Transient(f"{self.name} took more than {self.timeout:g} s for its answer{through}")
        except wire.Broken as error:
            failed = Transient(f"{self.name}: {said(error)}{through}")
        except wire.Unfit as error:
            failed = AnswerError(f"{self.name} {said(error)}")
        except wire.Unreachable as error:
            failed = ModelError(f"{self.name} cannot be reached at {to.netloc}{through}: {said(error)}")
        except wire.Forbidden as error:
            failed = self.unasked(
                f"{self.name} names {to.origin} as a picture's address, which leads to {error}; that is not on the public "
                "internet, and no picture is fetched from there"
            )
        raise failed  # not above: the error that would be its cause may show the key


def _key_header(key_as: str, key: str) -> dict[str, str]:
    if key_as == "bearer":
        return {"Authorization": f"Bearer {key}"}
    return {"Authorization": f"Basic {basic(key)}"} if key_as == "basic" else {key_as: key}


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
    asked = _number(_seconds(headers.get("retry-after-ms", "")))
    asked = asked / 1000 if asked is not None else _seconds(headers.get("retry-after", ""))
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
    """One printable line, of at most `LONGEST` characters: no control characters, no lone surrogates."""
    return " ".join("".join(c if c.isprintable() else " " for c in text[:LONGEST]).split())
