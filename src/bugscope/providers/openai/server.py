"""An OpenAI-compatible server: its address, the names of its models, and the options that it takes."""

import hashlib
import re
import threading
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from ...core.errors import SpecError
from ..shared.client import TEXT, Client, Prices, Rejected

OPENAI = "api.openai.com"
BASE = f"https://{OPENAI}/v1"
_REFUSALS = re.compile(r"moderation|content_?(policy|filter)|safety")
_REFUSES = re.compile(r"(?i)safety system|content (policy|filter|management policy|moderation)|rejected by .{0,20}moderation")


@dataclass(frozen=True, slots=True)
class Server:
    """What every role knows about its server. Prices are those of a million tokens and of a picture."""

    base_url: str
    key_variable: str
    timeout: float
    concurrency: int
    price_input: float | None
    price_output: float | None
    price_image: float | None = None
    picture_hosts: Sequence[str] | str = ()

    def connect(self, role: str, model: str, **stated: Any) -> tuple[str, Client]:
        """The model's id, with its options, and the client that asks it. Raises SpecError, also without a key."""
        prices = Prices(self.price_input, self.price_output, self.price_image)
        client = Client(
            f"{role} openai/{model}", self.base_url, wanted=f"model {model!r}", key_variable=self.key_variable,
            timeout=self.timeout, concurrency=self.concurrency, prices=prices,
            picture_hosts=self.picture_hosts,
        )  # fmt: skip
        if not model:
            raise SpecError(f"{role} 'openai/' should name a model, as in openai/gpt-5")
        official = client.base_url.startswith(f"https://{OPENAI}/")
        where = "" if official else "@" + client.base_url.split("//")[1].removesuffix("/v1")
        name = f"openai/{model}{where}"
        client.name = f"{role} {name}"
        if official:
            client.key_variable = client.key_variable or "OPENAI_API_KEY"
            client.need_key()
        told = "&".join(f"{key}={value}" for key, value in stated.items() if value not in ("", None))
        return name + ("?" + told if told else ""), client


def digest(*texts: str) -> str:
    """A hash of wordings, for an id: other words may get other answers."""
    return hashlib.sha256("\n".join(texts).encode("utf-8", "replace")).hexdigest()[:8]


@dataclass(frozen=True, slots=True)
class _Taken:
    """The options that the server takes, as far as is known."""

    options: Mapping[str, Any]
    formats: Sequence[Any]


class Endpoint:
    """One path of a server. Servers take different options: what was refused once is not sent again.

    `options`: always sent, except `droppable` ones that the server refuses. `formats`: values of response_format to try in
    turn; after the last, none is sent.
    """

    def __init__(
        self,
        client: Client,
        path: str,
        options: Mapping[str, Any],
        *,
        droppable: Sequence[str] = (),
        formats: Sequence[Any] = (),
        limit: int = TEXT,
    ) -> None:
        self.client, self.path, self.droppable, self.limit = client, path, droppable, limit
        self._taken = _Taken(options, formats)
        self._lock = threading.Lock()

    def ask(self, body: Mapping[str, Any]) -> Any:
        """The server's JSON. Raises what `Client.post` raises."""
        while True:
            taken = self._taken
            shape = {"response_format": taken.formats[0]} if taken.formats else {}
            try:
                return self.client.post(self.path, {**body, **taken.options, **shape}, limit=self.limit)
            except Rejected as error:
                if error.status not in (400, 422) or refusal(error):
                    raise
                with self._lock:  # another thread may have learnt it in the meantime
                    if self._taken is taken:
                        less = self._less(taken, error.text)
                        if less is None:
                            raise
                        self._taken = less

    def _less(self, taken: _Taken, complaint: str) -> _Taken | None:
        """The options without the one that the server complains about; None if that cannot be left out."""
        options = dict(taken.options)
        if "max_tokens" in options and "max_completion_tokens" in complaint:  # its name for reasoning models
            options["max_completion_tokens"] = options.pop("max_tokens")
            return replace(taken, options=options)
        for name in self.droppable:
            if name in options and re.search(rf"\b{name}\b", complaint):
                del options[name]
                return replace(taken, options=options)
        if taken.formats and re.search("response_format|json_schema|json_object", complaint):
            return replace(taken, formats=taken.formats[1:])
        return None


def refusal(error: Rejected) -> str:
    """Why a content filter rejected a question; "" if none did."""
    if error.status in (400, 403, 422, 451) and (_REFUSALS.search(error.code) or _REFUSES.search(error.text)):
        return error.code or "content filter"
    return ""
