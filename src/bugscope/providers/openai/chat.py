"""One question to a chat model, and what it says: text, or that it declines."""

import json
import re
from collections.abc import Mapping
from typing import Any, NamedTuple

from ...core.errors import AnswerError, SpecError, short
from ..shared.answers import quoted
from ..shared.client import Client, Rejected, plain
from .server import Endpoint, refusal

AGAIN = "\nAn earlier answer could not be used: it was not JSON of the form that is asked for above."


class Answer(NamedTuple):
    """`declined`: why the model does not answer; `cut`: the answer was cut off at the token limit."""

    text: str = ""
    declined: str = ""
    cut: bool = False

    @property
    def shown(self) -> str:
        """The answer as messages quote it."""
        return f"{short(repr(self.text))}{', cut off: raise max_tokens' if self.cut else ''}"


class Chat:
    """A chat model behind a client. `schema`: name and shape of a JSON answer; None for plain text.

    `max_tokens` 0 and `reasoning` "" leave the server's defaults. Raises SpecError for an invalid number.
    """

    def __init__(
        self,
        client: Client,
        model: str,
        *,
        schema: tuple[str, Mapping[str, Any]] | None = None,
        temperature: float = 0.0,
        max_tokens: int = 0,
        reasoning: str = "",
    ) -> None:
        if max_tokens < 0 or not 0 <= temperature <= 2:
            raise SpecError(f"{client.name}: max_tokens {max_tokens} should not be below 0, temperature {temperature} in 0..2")
        self.client, self.model = client, model
        options: dict[str, Any] = {"temperature": temperature}
        options |= {"max_tokens": max_tokens} if max_tokens else {}
        options |= {"reasoning_effort": reasoning} if reasoning else {}
        formats: tuple[Any, ...] = ()
        if schema:
            strict = {"name": schema[0], "strict": True, "schema": schema[1]}
            formats = ({"type": "json_schema", "json_schema": strict}, {"type": "json_object"})
        # reasoning models take no temperature; one that the user asked for is never dropped silently
        self.endpoint = Endpoint(
            client, "/chat/completions", options, droppable=() if temperature else ("temperature",), formats=formats
        )

    def ask(self, system: str, user: Any) -> Answer:
        """The answer to a user's message (a text, or parts of text and pictures). Raises Transient or ModelError."""
        messages = [{"role": "system", "content": system}] if system else []
        messages.append({"role": "user", "content": user})
        try:
            return self._read(self.endpoint.ask({"model": self.model, "messages": messages}))
        except Rejected as error:
            if why := refusal(error):
                return Answer(declined=plain(why))
            raise

    def _read(self, data: Any) -> Answer:
        if not isinstance(data, dict):
            data = {}
        self._pay(data.get("usage"))
        choices = data.get("choices")
        choice = choices[0] if isinstance(choices, list) and choices and isinstance(choices[0], dict) else {}
        # routers report a failure behind them with status 200
        for error in (data.get("error"), choice.get("error")):
            if error:
                code = error.get("code") if isinstance(error, dict) else None
                status = code if isinstance(code, int) and 400 <= code < 600 else 200
                self.client.refuse(status, {"error": error}, json.dumps(error, ensure_ascii=False))
        message = choice.get("message")
        if not isinstance(message, dict) or "content" not in message:
            raise AnswerError(f"{self.client.name} gave {quoted(data)}; expected a chat completion", whole=True)
        finish = choice.get("finish_reason")
        if finish == "content_filter":
            return Answer(declined="content filter")
        if message.get("refusal"):
            return Answer(declined=plain(str(message["refusal"])))
        return Answer(_text(message["content"]), cut=finish == "length")

    def _pay(self, usage: Any) -> None:
        if isinstance(usage, dict):
            read, written, cost = (usage.get(name) for name in ("prompt_tokens", "completion_tokens", "cost"))
            self.client.paid(input_tokens=read, output_tokens=written, cost=cost)


def _text(content: Any) -> str:
    """The text of a message, which may come in parts, without what the model thought aloud."""
    if isinstance(content, list):
        content = "".join(str(part.get("text") or "") for part in content if isinstance(part, dict))
    text = content if isinstance(content, str) else ""
    return re.sub(r"(?s)^\s*<think>.*?(</think>|\Z)", "", text).strip()


def found(said: str) -> Any:
    """The JSON of an answer, which may be in a ``` fence or between words; None if there is none."""
    begin = re.search(r"[\[{]", said)
    try:
        return json.JSONDecoder().raw_decode(said, begin.start())[0] if begin else None
    except (ValueError, RecursionError):
        return None
