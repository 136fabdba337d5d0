"""The generator behind a server: Bugscope's own protocol, or that of a popular server."""

import hashlib
import json
from collections.abc import Sequence
from typing import Any

from ...core.errors import SpecError, unknown
from ...core.records import Refused
from ...media.picture import Picture
from .automatic1111 import Automatic1111
from .comfyui import ComfyUI
from .protocol import Artist, Server, connect, named

APIS = ("bugscope", "automatic1111", "comfyui")


class Generator:
    """A text-to-image server of yours: Bugscope's HTTP protocol, or with `api` AUTOMATIC1111 or ComfyUI."""

    without_effect = ("key_variable", "key_as", "timeout", "concurrency")
    requires, extra, example = Server.requires, Server.extra, "http/127.0.0.1:7860 --generator-arg api=automatic1111"

    def __init__(
        self, model: str, *, api: str = "bugscope", key_variable: str = "", key_as: str = "bearer", timeout: float = 600.0,
        concurrency: int = 2, steps: int = 0, guidance: float | None = None, width: int = 0, height: int = 0, sampler: str = "",
        negative_prompt: str = "", checkpoint: str = "", workflow: str = "", output: str | int = "",
    ) -> None:  # fmt: skip
        """`model`: HOST[:PORT][/PATH], with `https://` before it for TLS. `timeout`: seconds for one answer, or one picture of
        ComfyUI. `concurrency`: the most requests at once, where each is one picture. For automatic1111: `steps`,
        `guidance`, `width`, `height` (pixels), `sampler`, `negative_prompt`, `checkpoint`; 0, "" and None leave the server's
        defaults. For comfyui: `workflow`, a file in its API format with {prompt} and {seed} in it, and `output`, the node whose
        picture counts.

        Raises SpecError for invalid options, ModelError if no such server answers.
        """
        if api not in APIS:
            raise unknown("api of an http generator", api, APIS)
        for name, size in (("steps", steps), ("width", width), ("height", height)):
            if size < 0:
                raise SpecError(f"http argument {name} is {size}; it must be at least 0 (0: the server's default)")
        painting: dict[str, Any] = {"steps": steps, "width": width, "height": height, "sampler_name": sampler}
        asked = {name: value for name, value in (painting | {"negative_prompt": negative_prompt}).items() if value}
        asked |= {} if guidance is None else {"cfg_scale": float(guidance)}
        _only(api, "automatic1111", [*asked, *(["checkpoint"] if checkpoint else [])])
        _only(api, "comfyui", [name for name, value in (("workflow", workflow), ("output", output)) if value != ""])
        options: dict[str, Any] = {"key_variable": key_variable, "key_as": key_as}
        if api == "bugscope":
            server: Any = Artist(model, **options, timeout=timeout)
            self.id = server.id
        else:
            # a look at ComfyUI's queue is short, however long a picture takes
            wait = min(timeout, 60.0) if api == "comfyui" else timeout
            client = connect(model, **options, timeout=wait, concurrency=concurrency)
            try:
                if api == "automatic1111":
                    server = Automatic1111(client, asked, checkpoint)
                    stated = {**asked, "checkpoint": server.checkpoint, "negative_prompt": _hash(negative_prompt)}
                else:
                    server = ComfyUI(client, workflow, str(output), timeout)
                    stated = {"workflow": _hash(json.dumps(server.graph, sort_keys=True)), "output": output}
            finally:  # no connection is held while other models load
                client.close()
            self.id = named(client, api=api, **stated)
        self.api, self.server = api, server

    def __call__(self, prompts: Sequence[str], seeds: Sequence[int]) -> list[Picture | Refused]:
        """One picture per prompt, in order. Raises ModelError, Transient, Declined, or MemoryError for a batch too large."""
        drawn: list[Picture | Refused] = self.server.draw(prompts, seeds) if prompts else []
        return drawn

    def close(self) -> None:
        if isinstance(self.server, ComfyUI):
            self.server.close()
        self.server.client.close()


def _only(api: str, of: str, given: Sequence[str]) -> None:
    if given and api != of:
        says = {"cfg_scale": "guidance", "sampler_name": "sampler"}
        raise SpecError(f"http argument {says.get(given[0], given[0])} belongs to api {of}, and api is {api}")


def _hash(text: str) -> str:
    return hashlib.sha256(text.encode("utf-8", "replace")).hexdigest()[:12] if text else ""
