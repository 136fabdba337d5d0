"""A Python function as a classifier behind Bugscope's HTTP protocol (docs/http-protocol.md); standard library and Pillow only.

python examples/http_server.py --port 8765
bugscope doctor --target http/127.0.0.1:8765

Replace `LABELS`, `ID` and `classify` with your own model.
"""

import argparse
import base64
import binascii
import io
import json
import sys
from collections.abc import Sequence
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from PIL import Image

ID = "colours-1"
LABELS = ["red", "green", "blue"]


def classify(images: Sequence[Image.Image]) -> list[list[float]]:
    """RGB pictures of any size -> for each picture, one score per label; higher is likelier."""
    means = [image.resize((1, 1), Image.Resampling.BOX).getpixel((0, 0)) for image in images]
    return [[channel / 255 for channel in mean] for mean in means]


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_GET(self) -> None:
        if self.path == "/info":
            self.answer(200, {"id": ID, "labels": LABELS})
        else:
            self.answer(404, {"error": f"nothing at {self.path}"})

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
        if self.path != "/classify":
            return self.answer(404, {"error": f"nothing at {self.path}"})
        try:
            images = [decode(text) for text in json.loads(body)["images"]]
        except (ValueError, KeyError, TypeError, OSError) as error:
            return self.answer(400, {"error": f"no list of pictures in images: {error}"})
        return self.answer(200, {"id": ID, "scores": classify(images)})

    def answer(self, status: int, value: Any) -> None:
        data = json.dumps(value).encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(data)))
        self.end_headers()
        self.wfile.write(data)


def decode(text: str) -> Image.Image:
    try:
        data = base64.b64decode(text, validate=True)
    except binascii.Error as error:
        raise ValueError(f"not base64: {error}") from error
    # a list of formats: Pillow runs another program to read some others
    return Image.open(io.BytesIO(data), formats=["PNG", "JPEG", "WEBP"]).convert("RGB")


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description="A classifier behind Bugscope's HTTP protocol.")
    parser.add_argument("--port", type=int, default=8765, help="0: any free port")
    with ThreadingHTTPServer(("127.0.0.1", parser.parse_args().port), Handler) as server:
        sys.stdout.write(f"http://127.0.0.1:{server.server_port}\n")
        sys.stdout.flush()
        server.serve_forever()
