"""The commands. Options come from the table in `core.options`."""

import typer

from . import cached, hunting, reuse, tools
from .options import Caching, with_options
from .screen import with_json

app = typer.Typer(
    name="bugscope",
    help="Find the bugs of a vision model with generated pictures, described in words and confirmed on fresh ones.",
    no_args_is_help=True,
    add_completion=False,
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)

app.command("hunt", cls=Caching)(with_json(with_options(hunting.hunt, "hunt")))
app.command("resume", cls=Caching)(with_json(hunting.resume))
app.command("probe", cls=Caching)(with_json(with_options(hunting.probe, "probe")))
app.command("explain", cls=Caching)(with_json(hunting.explain))
app.command("report")(with_json(hunting.report))
app.command("replay", cls=Caching)(with_json(reuse.replay))
app.command("transfer")(with_json(reuse.transfer))
app.command("evaluate")(with_json(reuse.evaluate))
app.command("dataset")(with_json(reuse.dataset))
app.command("plan")(with_json(tools.plan))
app.command("models")(with_json(tools.models))
app.command("doctor")(with_json(with_options(tools.doctor, "doctor")))

app.add_typer(cached.app, name="cache")
