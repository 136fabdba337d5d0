"""`python -m bugscope.providers.studio.worker VARIANT SAMPLES WIDTH HEIGHT`: draws what it reads on stdin until that ends."""

import contextlib
import json
import os
import sys
import threading
import time
from collections.abc import Callable
from dataclasses import asdict
from typing import Any

import numpy as np

from . import prompts
from .render import Renderer
from .scene import resolve
from .workers import Drawn, receive, send


def draw(renderer: Callable[..., Any], prompt: str, seed: int) -> Drawn:
    """One picture [height, width, 3] and all that is known about it."""
    scene = resolve(prompts.parse(prompt), seed)
    pixels, view, regions, things = renderer(scene)
    info = {"scene": scene.to_mapping(), "view": asdict(view)}
    return Drawn(pixels, info, things, regions.astype(np.uint8))


def end_with(parent: int) -> None:
    """However the parent ends: while a picture hangs, nobody reads that stdin has ended."""
    while os.getppid() == parent:
        time.sleep(0.5)
    os._exit(1)


def main(variant: str, samples: int, width: int, height: int) -> None:
    threading.Thread(target=end_with, args=(os.getppid(),), daemon=True).start()
    # what libraries print must not get between the messages
    answers, questions = os.fdopen(os.dup(1), "wb"), sys.stdin.buffer
    os.dup2(2, 1)
    renderer = Renderer(variant, samples=samples, size=(width, height))
    while True:
        try:
            question = json.loads(receive(questions))
        except EOFError:
            return
        try:
            drawn = draw(renderer, question["prompt"], question["seed"])
        except Exception as error:  # noqa: BLE001  (sent to the parent, which raises it)
            send(answers, json.dumps({"error": f"{type(error).__name__}: {error}"}).encode())
            continue
        header = {"info": drawn.info, "things": drawn.things, "shape": drawn.pixels.shape}
        send(answers, json.dumps(header).encode())
        send(answers, drawn.pixels.tobytes())
        send(answers, drawn.regions.tobytes())


if __name__ == "__main__":
    with contextlib.suppress(KeyboardInterrupt, BrokenPipeError):
        main(sys.argv[1], *map(int, sys.argv[2:]))
