"""AUTOMATIC1111's web UI with --api, and servers with the same API (Forge, SD.Next, KoboldCpp): one picture per request."""

import json
import re
from collections.abc import Mapping, Sequence
from typing import Any

from ...core.errors import AnswerError, ModelError, short, unknown
from ...core.records import Refused
from ...media.picture import Picture
from ..shared.answers import quoted
from ..shared.client import PICTURES, Client, Rejected
from .protocol import ABSENT, decoded

TOLD = ("seed", "sampler_name", "steps", "cfg_scale", "sd_model_name", "sd_model_hash", "sd_vae_name")
"""The fields kept from what the server says about a picture."""


class Automatic1111:
    """`options`: further fields of the request. `checkpoint`: its title or name; "" for the one that is loaded."""

    def __init__(self, client: Client, options: Mapping[str, Any], checkpoint: str) -> None:
        client.wanted = "txt2img of AUTOMATIC1111 (is it started with --api?)"
        self.client = client
        self.checkpoint = self._find(checkpoint) if checkpoint else self._loaded()
        # brackets weight words, and <lora:...> loads a network: a prompt must be plain words, not commands
        self.options = {**options, "batch_size": 1, "n_iter": 1, "disable_extra_networks": True}
        if self.checkpoint:  # so that a click in the web page does not change it during a run
            self.options["override_settings"] = {"sd_model_checkpoint": self.checkpoint}
            self.options["override_settings_restore_afterwards"] = False
        self._hash = ""

    def draw(self, prompts: Sequence[str], seeds: Sequence[int]) -> list[Picture | Refused]:
        return self.client.each([(prompt, int(seed)) for prompt, seed in zip(prompts, seeds, strict=True)], self._one)

    def _one(self, item: tuple[str, int]) -> Picture | Refused:
        prompt, seed = item
        plain = re.sub(r"[\\()\[\]]", r"\\\g<0>", prompt)
        said = self.client.post("/sdapi/v1/txt2img", {**self.options, "prompt": plain, "seed": seed}, limit=PICTURES)
        where = f"{self.client.base_url}/sdapi/v1/txt2img"
        images = said.get("images") if isinstance(said, dict) else None
        if not isinstance(images, list) or not images:
            raise AnswerError(f'{where} answered {quoted(said)}; expected {{"images": [base64]}}', whole=True)
        info = _info(said)
        drawn = info.get("seed")
        if isinstance(drawn, int) and drawn != seed:
            raise ModelError(f"{where} drew with seed {quoted(drawn)} instead of {seed}: a picture must follow from its seed")
        self._same(str(info.get("sd_model_hash") or ""))
        first = info.get("index_of_first_image")  # a grid of all may come before it
        chosen = images[first] if isinstance(first, int) and 0 <= first < len(images) else images[0]
        return Picture(
            decoded(chosen, where), info={name: info[name] for name in TOLD if isinstance(info.get(name), str | int | float)}
        )

    def _same(self, found: str) -> None:
        """Raises ModelError if the checkpoint has changed: a server ignores an override that it does not know."""
        self._hash = self._hash or found
        if found not in ("", self._hash):
            raise ModelError(
                f"{self.client.name} has changed its checkpoint from {short(self._hash)} to {short(found)}: pictures of two "
                "models must not be mixed; load the first again, or start a new run"
            )

    def _loaded(self) -> str:
        try:
            said = self.client.get("/sdapi/v1/options")
        except Rejected as error:
            if error.status in ABSENT:  # small servers have one checkpoint, and no options
                return ""
            raise
        found = said.get("sd_model_checkpoint") if isinstance(said, dict) else None
        return found if isinstance(found, str) else ""

    def _find(self, name: str) -> str:
        said = self.client.get("/sdapi/v1/sd-models")
        models = [model for model in said if isinstance(model, dict)] if isinstance(said, list) else []
        titles = {
            str(model[key]): str(model["title"])
            for model in models
            if "title" in model
            for key in ("model_name", "title")
            if key in model
        }
        if name not in titles:
            raise unknown(f"checkpoint of {self.client.name}", name, titles)
        return titles[name]


def _info(said: Mapping[str, Any]) -> dict[str, Any]:
    """What the server says about the picture: JSON in a string."""
    info = said.get("info")
    try:
        info = json.loads(info) if isinstance(info, str) else info
    except (ValueError, RecursionError):  # some servers write words there
        return {}
    return info if isinstance(info, dict) else {}
