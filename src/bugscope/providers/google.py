"""google/MODEL: pictures from Google's models, through the Gemini API's REST interface."""

import base64
import binascii
import os
import re
from collections.abc import Sequence
from typing import Any, NamedTuple

from ..core.errors import AnswerError, SpecError, short
from ..core.records import Refused
from ..media import picture as pictures
from ..media.picture import Picture
from .shared.answers import quoted
from .shared.client import PICTURES, Client, Hosted, Prices, Rejected, plain

GOOGLE = "generativelanguage.googleapis.com"
KEYS = ("GOOGLE_API_KEY", "GEMINI_API_KEY")
"""Where Google's own tools look for a key, in this order."""
ENDED = frozenset({"", "STOP", "FINISH_REASON_UNSPECIFIED", "MAX_TOKENS"})
"""Reasons for the end of an answer that are not refusals."""


class _Asked(NamedTuple):
    prompt: str
    seed: int


class Generator(Hosted):
    """Google's image models: Gemini (`google/gemini-3.1-flash-image`), and Imagen on servers that still have it.

    Gemini takes a seed but does not promise the same picture again, so none is sent unless `seeds` is on; a run is repeated
    from its stored pictures.
    """

    example = "google/gemini-3.1-flash-image"
    without_effect = ("key_variable", "timeout", "concurrency", "price_input", "price_output", "price_image")

    def __init__(
        self, model: str, *, aspect_ratio: str = "", size: str = "", seeds: bool = False,
        base_url: str = f"https://{GOOGLE}/v1beta", key_variable: str = "", timeout: float = 300.0, concurrency: int = 8,
        price_input: float | None = None, price_output: float | None = None, price_image: float | None = None,
    ) -> None:  # fmt: skip
        """`aspect_ratio`: "16:9"; `size`: 1K, 2K or 4K; "" is the model's default. `seeds`: send each picture's seed.

        `key_variable`: the environment variable that holds the key; if it is empty, Google gets GOOGLE_API_KEY or
        GEMINI_API_KEY and other servers get none. `timeout`: seconds. `concurrency`: the most pictures at once. Prices:
        `price_image` of a picture, or `price_input`, `price_output` of a million tokens. Raises SpecError for invalid
        options, and without Google's key.
        """
        if not re.fullmatch(r"[\w.-]+", model, re.ASCII):
            raise SpecError(f"generator 'google/{model}' should name a model, as in {self.example}")
        if aspect_ratio and not re.fullmatch(r"[1-9]\d?:[1-9]\d?", aspect_ratio):
            raise SpecError(f"generator google/{model}: aspect_ratio {aspect_ratio!r} should read like 16:9")
        if size and size not in ("1K", "2K", "4K", "512"):
            raise SpecError(f"generator google/{model}: size {size!r} should be 1K, 2K or 4K")
        self.client = Client(
            f"generator google/{model}",
            base_url,
            wanted=f"model {model!r}",
            key_variable=key_variable,
            key_as="x-goog-api-key",
            timeout=timeout,
            concurrency=concurrency,
            prices=Prices(price_input, price_output, price_image),
        )
        official = self.client.base_url.startswith(f"https://{GOOGLE}/")
        stated = {"aspect_ratio": aspect_ratio, "size": size, "seeds": seeds or ""}
        told = "&".join(f"{name}={value}" for name, value in stated.items() if value)
        self.id = f"google/{model}{'' if official else '@' + self.client.address}{'?' + told if told else ''}"
        if official:
            self.client.key_variable = key_variable or next((name for name in KEYS if os.environ.get(name)), KEYS[1])
            self.client.need_key()
        self.model, self.aspect_ratio, self.size, self.seeds = model, aspect_ratio, size, seeds
        self._ask = self._imagen if model.startswith("imagen") else self._gemini
        if seeds and model.startswith("imagen"):
            raise SpecError(f"{self.client.name}: Imagen takes a seed only without its watermark; leave out seeds")

    def __call__(self, prompts: Sequence[str], seeds: Sequence[int]) -> list[Picture | Refused]:
        """One picture per prompt, or why the safety filter refused it. Raises Transient, Declined and ModelError."""
        return self.client.each([_Asked(p, int(s)) for p, s in zip(prompts, seeds, strict=True)], self._draw)

    def _draw(self, asked: _Asked) -> Picture | Refused:
        try:
            made = self._ask(asked)
        except Rejected as error:
            raise self.client.unfit(error) from None
        if not isinstance(made, Refused):
            self.client.useful()
        return made

    def _gemini(self, asked: _Asked) -> Picture | Refused:
        """models/MODEL:generateContent"""
        shape = {"aspectRatio": self.aspect_ratio, "imageSize": self.size}
        config: dict[str, Any] = {"responseModalities": ["IMAGE"]}
        config |= {"imageConfig": {k: v for k, v in shape.items() if v}} if any(shape.values()) else {}
        config |= {"seed": asked.seed} if self.seeds else {}
        body = {"contents": [{"role": "user", "parts": [{"text": asked.prompt}]}], "generationConfig": config}
        data = _object(self.client.post(f"/models/{self.model}:generateContent", body, limit=PICTURES))
        used, candidate = _object(data.get("usageMetadata")), _object(_first(data.get("candidates")))
        parts = _object(candidate.get("content")).get("parts")
        parts = [_object(part) for part in parts] if isinstance(parts, list) else []
        # the model's thoughts may hold drafts; the picture is not among them
        found = [part for part in parts if isinstance(part.get("inlineData"), dict) and not part.get("thought")]
        written = [used.get(name) for name in ("candidatesTokenCount", "thoughtsTokenCount")]
        self.client.paid(
            input_tokens=used.get("promptTokenCount"), output_tokens=sum(n for n in written if isinstance(n, int)),
            images=min(1, len(found)),
        )  # fmt: skip
        if found:
            return Picture(self._read(found[-1]["inlineData"].get("data")))
        said = plain(" ".join(part["text"] for part in parts if isinstance(part.get("text"), str) and not part.get("thought")))
        feedback, finish = _object(data.get("promptFeedback")), str(candidate.get("finishReason") or "")
        if blocked := feedback.get("blockReason"):
            return Refused(_why("prompt blocked", blocked, feedback.get("blockReasonMessage")))
        if finish not in ENDED:
            return Refused(_why("no picture", finish, candidate.get("finishMessage") or said))
        if not candidate and not used:
            raise AnswerError(f"{self.client.name} gave {quoted(data)}; expected candidates with a picture", whole=True)
        # it answered in words: a refusal in prose, or a model that cannot draw
        raise self.client.useless(f"an answer without a picture: {short(repr(said))}")

    def _imagen(self, asked: _Asked) -> Picture | Refused:
        """models/MODEL:predict"""
        wanted = {"sampleCount": 1, "includeRaiReason": True, "aspectRatio": self.aspect_ratio, "sampleImageSize": self.size}
        body = {"instances": [{"prompt": asked.prompt}], "parameters": {k: v for k, v in wanted.items() if v}}
        data = self.client.post(f"/models/{self.model}:predict", body, limit=PICTURES)
        made = data.get("predictions", None if data else []) if isinstance(data, dict) else None
        if not isinstance(made, list):
            raise AnswerError(f"{self.client.name} gave {quoted(data)}; expected predictions", whole=True)
        entries = [_object(entry) for entry in made]
        entry = next((e for e in entries if e.get("bytesBase64Encoded")), {})
        self.client.paid(images=1 if entry else 0)
        if not entry:  # a filter leaves an answer without any
            reason = next((e["raiFilteredReason"] for e in entries if e.get("raiFilteredReason")), "")
            return Refused(_why("no picture", "safety filter", reason))
        revised = entry.get("prompt")
        info = {"revised_prompt": plain(revised)} if isinstance(revised, str) and revised else {}
        return Picture(self._read(entry["bytesBase64Encoded"]), info=info)

    def _read(self, data: Any) -> Any:
        try:
            return pictures.read(base64.b64decode(data, validate=True))
        except (binascii.Error, ValueError, TypeError) as error:
            raise self.client.useless(f"what came is {short(str(error))}") from error


def _why(what: str, reason: Any, more: Any) -> str:
    text = plain(str(more)) if more else ""
    return f"{what}: {plain(str(reason))}{': ' + short(text) if text else ''}"


def _object(value: Any) -> dict[str, Any]:
    return value if isinstance(value, dict) else {}


def _first(value: Any) -> Any:
    return value[0] if isinstance(value, list) and value else None
