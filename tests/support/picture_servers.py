"""Servers that draw from prompt and seed, and look at pictures; `Own` speaks Bugscope's own protocol."""

import base64
import hashlib
import io
import json
import threading
from typing import ClassVar
from urllib.parse import parse_qs, urlsplit

import numpy as np
from PIL import Image

from support.fake_server import b64


def draw(prompt, seed):
    """A picture that follows from prompt and seed."""
    digest = hashlib.sha256(f"{prompt}|{seed}".encode()).digest()
    return Image.fromarray(np.frombuffer(digest * 6, np.uint8).reshape(8, 8, 3))


def opened(text):
    image = Image.open(io.BytesIO(base64.b64decode(text, validate=True)))
    assert (image.format, image.mode) == ("PNG", "RGB")
    return image


def code(data):
    return base64.b64encode(data).decode()


class App:
    """`right` says what a request gets: status, JSON or bytes, headers. `wrong` comes before it: by the beginning of the path
    another answer, or a reply of `fake_server`; or a list of them, the last for ever, where None lets a request through."""

    def __init__(self, server):
        self.server, self.wrong, self.lock = server.say(answer=self.reply), {}, threading.Lock()
        self.address = server.root.removeprefix("http://")

    def reply(self, body):
        def send(handler):
            url = urlsplit(handler.path)
            query = {name: values[0] for name, values in parse_qs(url.query).items()}
            said = self.troubled(url.path) or self.right(handler.command, url.path, query, body)
            if callable(said):
                return said(handler)
            status, value, *headers = said
            return handler.send(status, value if isinstance(value, bytes) else json.dumps(value).encode(), headers)

        return send

    def troubled(self, path):
        with self.lock:
            for start, said in self.wrong.items():
                if path.startswith(start):
                    return (said.pop(0) if len(said) > 1 else said[0]) if isinstance(said, list) else said
        return None

    def asked(self, path):
        return [body for at, _, body in self.server.seen if at.startswith(path)]


THING = {"label": "mug", "score": 0.9, "box": [0.1, 0.2, 0.5, 0.6]}


class Own(App):
    """Answers by what it is shown; `said` stands in place of what is right, by path."""

    labels, id = ["mug", "bowl", "vase"], "net-1"
    said: ClassVar[dict[str, object]] = {}

    def right(self, method, path, query, body):
        if path in self.said:
            return 200, self.said[path]
        said = {"id": self.id}
        if path == "/info":
            return 200, said | {"labels": self.labels}
        if path == "/generate":
            pairs = zip(body["prompts"], body["seeds"], strict=True)
            return 200, said | {"images": [{"png": b64(draw(p, s)), "info": {"visible": 1.0}} for p, s in pairs]}
        if path not in ("/classify", "/caption", "/judge", "/detect", "/segment", "/tag", "/answer"):
            return 404, b"<html>nothing here</html>"
        shown = [np.asarray(opened(text), dtype=float) for text in body["images"]]
        if path == "/detect":
            return 200, said | {"detections": [[{**THING, "score": round(a.mean() / 255, 3)}] for a in shown]}
        if path == "/segment":
            maps = [Image.fromarray((a[..., 0] > 120).astype(np.uint8)) for a in shown]
            return 200, said | {"segmentations": [{"png": b64(each)} for each in maps]}
        if path == "/answer":
            pairs = zip(shown, body["questions"], strict=True)
            return 200, said | {"answers": [f"{'Yes' if a.mean() > 100 else 'No'}: {question}" for a, question in pairs]}
        if path in ("/classify", "/tag"):
            return 200, said | {"scores": [(a.mean(axis=(0, 1)) / 255).tolist() for a in shown]}
        if path == "/caption":
            return 200, said | {"captions": [f"a photo of {int(a.sum())} things" for a in shown]}
        parts = zip(shown, body["labels"], body["infos"], strict=True)
        return 200, {"probabilities": [a.mean() / 255 * (label == "mug") * info.get("visible", 1) for a, label, info in parts]}
