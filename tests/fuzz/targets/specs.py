"""Names of models, and `--x-arg key=value`, with real providers; none of them reaches a network."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from random import Random
from typing import Any

from bugscope.app.cli.options import pairs
from bugscope.core import registry
from bugscope.core.errors import BugscopeError
from support import onnx_files
from support.fake_server import nobody

from ..material import text
from ..outcomes import tried

MINE = """
labels = ["a", "b"]
def f(images): return [[1, 0]] * len(images)
f.labels = labels
class C:
    labels = labels
    def __call__(self, images): return f(images)
x = 1
"""
VALUES = (
    "0", "1", "-1", "1.5", "nan", "inf", "1e999", "9" * 30, "true", "false", "none", "", "[]", "[1,2]", "[a, b]", "[[1]]",
    "[{a: 1}]", "a,b,c,d",
    "labels.txt", "labels.json", "imagenet", "cpu", "cuda:9", "bgr", "nhwc", "squash", "32", "32,32", "HOME", "sk-123",
)  # fmt: skip


@contextmanager
def ready(folder: Path) -> Iterator[Any]:
    closed = nobody()
    net = onnx_files.write(folder, shape=("n", 3, 8, 8)).read_bytes()
    known = sorted(registry.providers())
    kinds = registry.kinds()
    hosted = {"openai": {"base_url": closed}, "google": {"base_url": closed}}

    def spec(rng: Random) -> str:
        provider = rng.choice((*known, *known, "python", "onnx", "folder", "http", text(rng)))
        plain = {
            "python": ("mine:f", "mine:C", "mine:x", "mine:nope", "mine", "mine.py:f", ":", "mine:", "os:system", "a.b:c",
            "mine:f.labels", "mine:__doc__"),
            "onnx": ("net.onnx", "no.onnx", ".", "", "mine.py", "labels.txt"), "folder": ("photos", ".", "", "no", "mine.py"),
            "http": (closed.removeprefix("http://"), closed, "", "127.0.0.1:99999", "[::1", "user@127.0.0.1:9",
            "127.0.0.1:9/../x"),
            "models": ("python/mine:f", "python/mine:f,python/mine:C", ",", "no/such", "models/models/x"),
        }.get(provider, ("", "small", "0", "7"))  # fmt: skip
        model = rng.choice((*plain, *plain, text(rng)))
        return rng.choice((f"{provider}/{model}",) * 5 + (provider, model, text(rng)))

    def example(rng: Random, folder: Path) -> str:
        (folder / "mine.py").write_text(MINE)
        (folder / "net.onnx").write_bytes(net)
        (folder / "labels.txt").write_text("a\nb\nc\nd\n")
        (folder / "photos").mkdir()
        kind, name = rng.choice(kinds), spec(rng)
        if name.partition("/")[0] in (
            "studio",
            "hf",
            "timm",
            "diffusers",
            "torchvision",
            "open-clip",
            "open_clip",
            "efficientnet-lite",
        ):
            name += "-"  # what would be loaded is large; an unknown model of it is not
        try:
            keys = registry.options(kind, name)
        except BugscopeError:
            keys = ()
        items = [
            f"{rng.choice((*keys, *keys, 'labels', 'no_such'))}={rng.choice((*VALUES, text(rng)))}"
            for _ in range(rng.randrange(4))
        ]

        def use() -> None:
            options = hosted.get(name.partition("/")[0], {}) | pairs("--x-arg", items)
            made = registry.load(kind, name, options)
            assert isinstance(made.id, str) and registry.name(made)

        return tried(use)

    yield example
