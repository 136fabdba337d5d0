"""Options of the commands, from `Config`'s fields; strings become values here."""

import importlib
import inspect
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Annotated, Any

import typer

OPTIONS: Mapping[str, tuple[type, str]] = {
    "target": (str, "model under test, provider/model  [efficientnet-lite/0]"),
    "generator": (str, "text-to-image model, provider/model  [studio]"),
    "captioner": (str, "image captioner, provider/model  [studio]"),
    "judge": (str, "does the picture show the label? provider/model  [studio]"),
    "editor": (str, "what a description could say instead, provider/model  [a list of siblings]"),
    "describer": (str, "what failures have in common, provider/model  [contrasts of captions alone]"),
    "budget": (int, "pictures for finding bugs, in all  [0: 600 for up to six labels, 60 for each further one]"),
    "explore": (int, "pictures of the neutral prompt a label  [24]"),
    "hypotheses": (int, "descriptions tried a label, at most  [24]"),
    "explain": (int, "further pictures for explaining the bugs; 0: none  [480]"),
    "pairs": (int, "same-seed pictures of each change that explains a bug  [16]"),
    "alpha": (float, "false discovery rate of the run  [0.05]"),
    "margin": (float, "smallest rise in failure rate worth reporting  [0.1]"),
    "look": (int, "pictures of a description between two looks at its evidence  [4]"),
    "fixed_n": (int, "the paper's procedure: this many pictures a description  [0: adaptive]"),
    "faithful": (float, "judge's probability under which a picture counts for nothing  [0.5]"),
    "judge_sensitivity": (str, "share of pictures showing the label that the judge accepts, 0.95 or 95/100 verdicts  [exact]"),
    "judge_specificity": (str, "share of the others that it rejects; with both, rates are corrected  [exact]"),
    "top_k": (int, "right if an accepted label is among the first k  [1]"),
    "batch_size": (int, "pictures a model call; changes speed, never results  [16]"),
    "max_cost": (float, "what hosted models may cost, in the currency of their prices  [0.0: no cap]"),
    "seed": (int, "seed of the run  [0]"),
}
"""What the command line offers of `Config`; a test keeps the two equal, importing Config would slow down --help."""

ROLES = ("generator", "target", "captioner", "judge", "editor", "describer")
JSON = Annotated[bool, typer.Option("--json", help="print one JSON object on stdout and nothing else")]


def with_options(command: Callable[..., None], names: tuple[str, ...]) -> Callable[..., None]:
    """`command(..., **options)` with its ** spelled out for typer: one option a name, None where not given."""
    signature = inspect.signature(command, eval_str=True)
    kept = [p for p in signature.parameters.values() if p.kind is not p.VAR_KEYWORD]
    for name in names:
        kind, text = OPTIONS[name]
        option = typer.Option(f"--{name.replace('_', '-')}", help=text, show_default=False)
        kept.append(
            inspect.Parameter(name, inspect.Parameter.KEYWORD_ONLY, default=None, annotation=Annotated[kind | None, option])
        )
    for role in [r for r in ROLES if r in names]:
        option = typer.Option(f"--{role}-arg", help=f"option of the {role}, key=value; may be repeated", show_default=False)
        kept.append(
            inspect.Parameter(
                f"{role}_arg",
                inspect.Parameter.KEYWORD_ONLY,
                default=None,
                annotation=Annotated[list[str] | None, option],
            )
        )
    command.__signature__ = signature.replace(parameters=kept)  # type: ignore[attr-defined]
    command.__annotations__ = {p.name: p.annotation for p in kept}
    return command


def stated(options: Mapping[str, Any], config: Path | None) -> dict[str, Any]:
    """What the file and then the command line state; model options merge, everything else replaces."""
    settings: Any = importlib.import_module("bugscope.core.options").Config
    values: dict[str, Any] = settings.from_file(config) if config else {}
    for name, value in options.items():
        if name.endswith("_arg"):
            values[name + "s"] = {**values.get(name + "s", {}), **pairs(name, value or [])}
        elif value is not None:
            values[name] = value
    return values


def pairs(option: str, items: list[str]) -> dict[str, Any]:
    errors: Any = importlib.import_module("bugscope.core.errors")
    yaml: Any = importlib.import_module("yaml")
    pairs = {}
    for item in items:
        key, equals, value = item.partition("=")
        if not (key and equals):
            raise errors.SpecError(f"--{option.replace('_', '-')} {item!r} should read key=value")
        pairs[key.replace("-", "_")] = yaml.safe_load(value)
    return pairs
