"""Config files."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from random import Random
from typing import Any
from unittest.mock import patch

import yaml

from bugscope.core.errors import SpecError
from bugscope.core.options import OPTIONS, RECORDED, Config
from bugscope.testing import World
from bugscope.workflows import session

from ..material import altered, text, value
from ..outcomes import commanded, tried

SMALL = ("--budget", "8", "--explore", "2", "--explain-budget", "0", "--hypotheses", "1", "--fixed-n", "0", "--quiet")
"""What a config file states is read, but no hunt takes long."""
SNIPPETS = (
    "&a [*a]", "<<: {a: 1}", "? x", "!!set {a}", "!!omap [a: 1]", "!!binary aGk=", "!!timestamp 2001-01-01", "!x y",
    "%YAML 9.9", "%TAG ! a",
    "---\n---", "...", "- a: [", "|\n  x\n y", ">-\n x", "'", '"\\x"', '"\\ud83d"', "a: b: c", "\t- x", "[" * 30,
    "{a: " * 30, "- " * 30,
    "1e400", "0o17", "0b1", "1_000", "190:20:30", ".inf", ".nan", "@x", "`x", "#", "x: !!python/name:os.system",
)  # fmt: skip


def written(rng: Random) -> bytes:
    names = [*OPTIONS, *RECORDED, "labels", "labels", "accept", text(rng)]
    stated = {rng.choice(names): value(rng) for _ in range(rng.randrange(5))}
    try:
        made = yaml.safe_dump(stated, allow_unicode=rng.random() < 0.5)
    except (yaml.YAMLError, ValueError, TypeError):
        made = repr(stated)
    if rng.random() < 0.4:
        made += f"{rng.choice(names)}: {rng.choice((*SNIPPETS, text(rng)))}\n"
    data = made.encode(rng.choice(("utf-8", "utf-8", "utf-8", "utf-16", "latin-1")), "replace")
    return altered(data, rng) if rng.random() < 0.3 else data


@contextmanager
def ready(folder: Path) -> Iterator[Any]:
    loaded, roles = session.load_models, World(labels=("mug", "pot")).roles()

    def example(rng: Random, folder: Path) -> str:
        file = folder / "hunt.yaml"
        file.write_bytes(written(rng))
        if rng.random() < 0.05:
            return commanded("hunt", "mug", "--config", str(file), "--out", str(folder / "run"), *SMALL)[0]

        def use() -> None:
            stated = Config.from_file(file)
            stated.pop("labels", None)
            Config.of(stated).identity()

        return tried(use, SpecError)

    with patch.object(session, "load_models", lambda settings, given=None: loaded(settings, roles)):
        yield example
