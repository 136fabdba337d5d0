"""The command line: any option of any command with any text."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from random import Random
from typing import Any
from unittest.mock import patch

import typer

import bugscope
from bugscope.app.cli import app
from bugscope.testing import World
from bugscope.workflows import session
from support.runs import copied

from ..material import TEXTS, text
from ..outcomes import commanded

SMALL = {
    "hunt": ("--budget", "8", "--explore", "2", "--explain-budget", "0"), "resume": (), "probe": ("--n", "8"),
    "explain": ("--budget", "8", "--pairs", "2"), "replay": ("--fresh", "0"), "evaluate": ("--limit", "2"), "plan": (),
    "models": (),
    "report": (), "transfer": (), "dataset": (),
    "doctor": tuple(f"--{role}=python/mine:{role}" for role in ("target", "generator", "captioner", "judge")),
}  # fmt: skip
"""Said last, so that no example takes long."""
MINE = "from bugscope.testing import World\nglobals().update(World(labels=('mug', 'pot')).roles())\n"
NUMBERS = ("0", "1", "-1", "2", "0.5", "nan", "inf", "1e999", "-0.0", "٣", "9" * 30, "9" * 5000, "0x1", "1e-400", "")


def word(rng: Random) -> str:
    """What a shell can pass: no zero byte."""
    known = (
        "mug",
        "pot",
        "run",
        "run/report.json",
        "photos",
        "mine.py",
        "labels.txt",
        "none",
        "auto",
        "python/mine:target",
        "no/such",
    )
    return (rng.choice(known) if rng.random() < 0.5 else rng.choice(NUMBERS) if rng.random() < 0.4 else text(rng)).replace(
        "\0", ""
    )


def pair(rng: Random) -> str:
    key = rng.choice(("labels", "size", "mean", "device", "name", "no-such", "seed", "prompt", ""))
    return f"{key}{rng.choice(('=', '=', '=', '', '=='))}{word(rng)}"


def given(rng: Random, command: Any) -> Iterator[str]:
    options = [p for p in command.params if p.param_type_name == "option" and p.name not in ("help", "push")]
    for _ in range(rng.randrange(5)):
        option = rng.choice(options)
        yield rng.choice(option.opts)
        if not option.is_flag and rng.random() < 0.95:
            yield pair(rng) if option.opts[0].endswith("-arg") else word(rng)
    for _ in range(rng.choice((0, 1, 1, 1, 2))):
        yield word(rng)


@contextmanager
def ready(folder: Path) -> Iterator[Any]:
    roles, loaded = World(labels=("mug", "pot"), planted={"snow": 0.95}).roles(), session.load_models
    run = bugscope.hunt("mug", folder / "run", budget=60, explain_budget=0, **roles)
    commands: Any = typer.main.get_command(app)
    names = sorted(SMALL)

    def example(rng: Random, folder: Path) -> str:
        name = rng.choice(names)
        copied(run, folder / "run")
        (folder / "photos" / "mug").mkdir(parents=True)
        (folder / "photos" / "mug" / "1.png").write_bytes(next(run.path.glob("images/*/*.png")).read_bytes())
        (folder / "mine.py").write_text(MINE)
        (folder / "labels.txt").write_text(rng.choice(("mug\npot\n", rng.choice(TEXTS).encode("utf-8", "replace").decode())))
        arguments = list(given(rng, commands.commands[name]))
        return commanded(name, *arguments, *SMALL[name])[0]

    with patch.object(session, "load_models", lambda settings, given=None: loaded(settings, roles)):
        yield example
