"""Pictures from POST /images/generations."""

import base64
import binascii
import re
from collections.abc import Sequence
from typing import Any, NamedTuple

from ...core.errors import AnswerError, SpecError, short
from ...core.records import Refused
from ...media import picture as pictures
from ...media.picture import Picture
from ..shared.answers import quoted
from ..shared.client import PICTURES, Hosted, Rejected, plain
from .server import BASE, OPENAI, Endpoint, Server, refusal


class _Asked(NamedTuple):
    prompt: str
    seed: int


class Generator(Hosted):
    """Pictures from OpenAI's image models, or any server with /images/generations (`base_url`).

    OpenAI takes no seed: every request gives another picture, and a run is repeated from its stored pictures.
    """

    example = "openai/gpt-image-2.5-flare"
    without_effect = ("key_variable", "timeout", "concurrency", "price_input", "price_output", "price_image")

    def __init__(
        self, model: str, *, size: str = "", quality: str = "", background: str = "", moderation: str = "", style: str = "",
        seeds: bool = False, base_url: str = BASE, key_variable: str = "", timeout: float = 300.0, concurrency: int = 8,
        price_input: float | None = None, price_output: float | None = None, price_image: float | None = None,
        picture_hosts: Sequence[str] | str = (),
    ) -> None:  # fmt: skip
        """`size`: "1024x1024", "auto"; `quality`, `background`, `moderation`, `style`: as the model takes them; "" leaves the
        server's default. `seeds`: send each picture's seed, to a server that takes one.

        `key_variable`: the environment variable that holds the key; if it is empty, OpenAI gets OPENAI_API_KEY and other
        servers get none. `timeout`: seconds. `concurrency`: the most pictures at once. Prices: `price_image` of a picture, or
        `price_input`, `price_output` of a million tokens. `picture_hosts`: hosts besides the server's own, on the public
        internet, that pictures may be fetched from by https where the server answers with an address.

        Raises SpecError for invalid options, and without OpenAI's key.
        """
        if size and not re.fullmatch(r"auto|[1-9]\d{0,4}x[1-9]\d{0,4}", size):
            raise SpecError(f"generator openai/{model}: size {size!r} should read WIDTHxHEIGHT, as in 1024x1024, or auto")
        asked = {"size": size, "quality": quality, "background": background, "moderation": moderation, "style": style}
        server = Server(base_url, key_variable, timeout, concurrency, price_input, price_output, price_image, picture_hosts)
        self.id, self.client = server.connect("generator", model, **asked, seeds=seeds or "")
        official = self.client.host == OPENAI
        if seeds and official:
            raise SpecError(f"{self.client.name}: OpenAI's image models take no seed; leave out seeds")
        self.seeds = seeds
        # OpenAI's models always send base64 and refuse the option
        shape = () if official else ("b64_json",)
        options = {"model": model, "n": 1} | {name: value for name, value in asked.items() if value}
        self.endpoint = Endpoint(self.client, "/images/generations", options, formats=shape, limit=PICTURES)

    def __call__(self, prompts: Sequence[str], seeds: Sequence[int]) -> list[Picture | Refused]:
        """One picture per prompt, or why the content filter refused it. Raises Transient, Declined and ModelError."""
        items = [_Asked(prompt, int(seed)) for prompt, seed in zip(prompts, seeds, strict=True)]
        return self.client.each(items, self._draw)

    def _draw(self, asked: _Asked) -> Picture | Refused:
        try:
            data = self.endpoint.ask({"prompt": asked.prompt} | ({"seed": asked.seed} if self.seeds else {}))
        except Rejected as error:
            if why := refusal(error):
                return Refused(f"content filter: {short(plain(why))}")
            raise self.client.unfit(error) from None
        made = data.get("data") if isinstance(data, dict) else None
        if not isinstance(made, list):
            raise AnswerError(f'{self.client.name} gave {quoted(data)}; expected pictures in "data"', whole=True)
        used = data.get("usage") if isinstance(data.get("usage"), dict) else {}
        self.client.paid(
            input_tokens=used.get("input_tokens"),
            output_tokens=used.get("output_tokens"),
            images=len(made),
            cost=used.get("cost"),
        )
        first = made[0] if made and isinstance(made[0], dict) else {}
        # some servers filter silently: an empty list, or an entry without a picture
        if not first or first.get("respect_moderation") is False:
            return Refused("content filter: no picture came")
        picture = self._picture(first)
        self.client.useful()
        return picture

    def _picture(self, entry: dict[str, Any]) -> Picture:
        try:
            if isinstance(entry.get("b64_json"), str):
                # some put the beginning of a data URL before it
                data = base64.b64decode(re.sub(r"^data:[^,]{0,100},", "", entry["b64_json"]), validate=True)
            elif isinstance(entry.get("url"), str):
                data = self._fetched(entry["url"])
            else:
                raise self.client.useless(f"neither b64_json nor url in {short(repr(sorted(entry)))}")
            image = pictures.read(data)
        except (binascii.Error, ValueError) as error:
            raise self.client.useless(f"what came is {short(str(error))}") from error
        revised = entry.get("revised_prompt")
        return Picture(image, info={"revised_prompt": plain(revised)} if isinstance(revised, str) and revised else {})

    def _fetched(self, url: str) -> bytes:
        try:
            return self.client.download(url)
        except Rejected as error:  # it is the address of one picture
            raise self.client.unasked(str(error)) from None
