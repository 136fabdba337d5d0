"""ComfyUI: a workflow in its API format, queued once for each picture."""

import json
import re
import threading
import time
import uuid
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any
from urllib.parse import quote, urlencode

from ...core.errors import AnswerError, ModelError, SpecError, Transient, short, told
from ...core.records import Refused
from ...media.picture import Picture
from ..shared.answers import quoted
from ..shared.client import PICTURES, Client, Rejected
from .protocol import read_picture

WORDS = ("{prompt}", "{seed}")
SLOWEST = 2.0
"""The most seconds between two looks at a slow picture."""


class ComfyUI:
    """`workflow`: path of the file. `output`: the node whose picture counts, "" if only one has a picture. `timeout`: seconds
    for one picture, including the wait in the queue."""

    def __init__(self, client: Client, workflow: str, output: str, timeout: float) -> None:
        client.wanted = "ComfyUI"
        self.client, self.output, self.timeout = client, output, timeout
        self.graph = load(workflow)
        if output and output not in self.graph:
            raise SpecError(f"http argument output is {output!r}; the nodes of {workflow!r} are {', '.join(self.graph)}")
        self._client_id = f"bugscope-{uuid.uuid4().hex}"
        self._queued: dict[tuple[str, int], str] = {}
        """Pictures still to come, by prompt and seed: asking again goes on waiting for them."""
        self._closed = threading.Event()
        self._list_queue()  # an absent or wrong server is noticed before a run begins
        client.wanted = ""

    def close(self) -> None:
        self._closed.set()

    def draw(self, prompts: Sequence[str], seeds: Sequence[int]) -> list[Picture | Refused]:
        return self.client.each([(prompt, int(seed)) for prompt, seed in zip(prompts, seeds, strict=True)], self._one)

    def _one(self, item: tuple[str, int]) -> Picture | Refused:
        known = self._queued.get(item)
        # a restarted server has forgotten it; what leaves the queue is in the history at the same moment
        if known is None or (known not in self._list_queue() and not self._history(known)):
            known = self._queued[item] = self._submit(*item)
        entry = self._wait(known)
        try:
            failure(self.client.name, entry)
        except (ModelError, Transient):
            del self._queued[item]
            raise
        made = self._fetch(self._chosen(entry.get("outputs")))
        del self._queued[item]
        return made

    def _submit(self, prompt: str, seed: int) -> str:
        try:
            said = self.client.post("/prompt", {"prompt": filled(self.graph, prompt, seed), "client_id": self._client_id})
        except Rejected as error:
            if reasons := invalid(error.data):
                raise ModelError(f"{self.client.name} cannot run the workflow: {reasons}") from error
            raise
        found = said.get("prompt_id") if isinstance(said, dict) else None
        if not isinstance(found, str) or not found:
            raise self._wrong("/prompt", said, '{"prompt_id": "..."}')
        return found

    def _wait(self, known: str) -> dict[str, Any]:
        end, pause = time.monotonic() + self.timeout, 0.05
        while True:
            if entry := self._history(known):
                return entry
            left = end - time.monotonic()
            if left <= 0 or self._closed.wait(min(pause, left)):
                raise Transient(f"{self.client.name} made no picture within {self.timeout:g} s")
            pause = min(SLOWEST, pause * 1.3)

    def _history(self, known: str) -> dict[str, Any]:
        """What became of the picture; empty while it waits or is made."""
        said = self.client.get(f"/history/{quote(known, safe='')}", limit=PICTURES)
        entry = said.get(known, {}) if isinstance(said, dict) else None
        if not isinstance(entry, dict):
            raise self._wrong("/history", said, '{"prompt_id": {"outputs": {...}, "status": {...}}}')
        return entry

    def _list_queue(self) -> set[str]:
        said = self.client.get("/queue", limit=PICTURES)
        lists = [said.get(name) for name in ("queue_running", "queue_pending")] if isinstance(said, dict) else [None]
        if not all(isinstance(jobs, list) for jobs in lists):
            raise self._wrong("/queue", said, '{"queue_running": [...], "queue_pending": [...]} of ComfyUI')
        return {str(job[1]) for jobs in lists for job in jobs or () if isinstance(job, list) and len(job) > 1}

    def _chosen(self, outputs: Any) -> dict[str, str]:
        """The one picture of a finished workflow: from the named node, else from nodes that save, else from others."""
        found = [
            (node, {name: str(image.get(name, "")) for name in ("filename", "subfolder", "type")})
            for node, output in (outputs.items() if isinstance(outputs, dict) else ())
            if self.output in ("", node) and isinstance(output, dict)
            for image in output.get("images") or ()
            if isinstance(image, dict)
        ]
        saved = [(node, image) for node, image in found if image["type"] == "output"] or found
        if len(saved) == 1:
            return saved[0][1]
        of = f" of node {self.output}" if self.output else ""
        if not saved:
            raise ModelError(f"{self.client.name}: the workflow{of} gave no picture; it needs a SaveImage or PreviewImage node")
        nodes = ", ".join(sorted({node for node, _ in saved}))
        raise ModelError(
            f"{self.client.name}: the workflow{of} gave {len(saved)} pictures (nodes {nodes}), but one is expected: set "
            "batch_size to 1, and name the node whose picture counts with the argument output"
        )

    def _fetch(self, image: Mapping[str, str]) -> Picture:
        path = f"/view?{urlencode(image)}"
        return Picture(read_picture(self.client.fetch(path), self.client.base_url + path), info={})

    def _wrong(self, path: str, said: Any, wanted: str) -> AnswerError:
        return AnswerError(f"{self.client.base_url}{path} answered {quoted(said)}; expected {wanted}", whole=True)


def load(path: str) -> dict[str, Any]:
    """The nodes of a workflow file, by number. Raises SpecError unless it is a workflow with places for prompt and seed."""
    if not path:
        raise SpecError("api comfyui needs the argument workflow: a file written by ComfyUI's menu Export (API)")
    try:
        graph = json.loads(Path(path).read_text(encoding="utf-8"))
    except (OSError, ValueError, RecursionError) as error:
        raise SpecError(f"cannot read the workflow {path!r}: {told(error)}") from error
    if isinstance(graph, dict) and isinstance(graph.get("nodes"), list):
        raise SpecError(f"the workflow {path!r} is in the web page's format; write it with ComfyUI's menu Export (API)")
    nodes = list(graph.values()) if isinstance(graph, dict) else []
    if not nodes or not all(isinstance(n, dict) and "class_type" in n and isinstance(n.get("inputs"), dict) for n in nodes):
        raise SpecError(
            f"{path!r} is not a workflow in ComfyUI's API format, a JSON object of nodes with class_type and inputs"
        )
    inputs = json.dumps([node["inputs"] for node in nodes])
    for word, names in zip(WORDS, (("text", "prompt"), ("seed", "noise_seed")), strict=True):
        if word not in inputs:
            places = [
                f"{name} of node {number} ({node['class_type']})"
                for number, node in graph.items()
                for name in names
                if isinstance(node["inputs"].get(name), str | int)
            ]
            where = f", perhaps as {' or '.join(places)}" if places else ""
            raise SpecError(f"no input of the workflow {path!r} contains {word}; write it where it belongs{where}")
    return graph


def filled(value: Any, prompt: str, seed: int) -> Any:
    """The workflow with prompt and seed in their places. Placeholders inside the prompt stay as they are."""
    if value == "{seed}":
        return seed
    if isinstance(value, str):
        return re.sub(r"\{prompt\}|\{seed\}", lambda word: prompt if word[0] == "{prompt}" else str(seed), value)
    if isinstance(value, list):
        return [filled(part, prompt, seed) for part in value]
    if isinstance(value, dict):
        return {name: filled(part, prompt, seed) for name, part in value.items()}
    return value


def failure(name: str, entry: Mapping[str, Any]) -> None:
    """Raises the error in a finished workflow's status; Transient if asking again may help."""
    status = entry.get("status")  # early versions have none
    if not isinstance(status, dict) or status.get("status_str") != "error":
        return
    messages = [m for m in status.get("messages") or () if isinstance(m, list) and len(m) == 2 and isinstance(m[1], dict)]
    for kind, data in messages:
        if kind == "execution_interrupted":
            raise Transient(f"{name}: the workflow was interrupted")
        if kind == "execution_error":
            node = short(f"node {data.get('node_id')} ({data.get('node_type')})")
            why = f"{data.get('exception_type')}: {data.get('exception_message')}"
            if "OutOfMemory" in why:
                raise Transient(f"{name}: {node} ran out of memory: {short(why)}")
            raise ModelError(f"{name}: {node} of the workflow failed: {short(why)}")
    raise ModelError(f"{name}: the workflow failed, and the server does not say why")


def invalid(data: Any) -> str:
    """The objections of /prompt to a workflow, node by node; "" if it gives none."""
    nodes = data.get("node_errors") if isinstance(data, dict) else None
    said = []
    for number, node in nodes.items() if isinstance(nodes, dict) else ():
        for error in node.get("errors") or () if isinstance(node, dict) else ():
            if isinstance(error, dict):
                texts = [str(error[key]) for key in ("message", "details") if error.get(key)]
                said.append(f"node {number} ({node.get('class_type')}): {': '.join(texts)}")
    return short("; ".join(said))
