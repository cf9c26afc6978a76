"""How a verb is declared: a click command with the options that all verbs share."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar

import click

from nnc.cli.console import Console

Function = Callable[..., "int | None"]
F = TypeVar("F", bound=Callable[..., Any])

FILE = click.Path(allow_dash=True)
"""A path that shells complete; verbs say themselves what is wrong with it."""


class Verb(click.Command):
    """A command that knows options of other tools: `--epochs 3` is `--set train.epochs=3`."""

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        """The arguments that are left."""
        given = list(args)
        try:
            return super().parse_args(ctx, args)
        except click.NoSuchOption as error:
            from nnc.cli.flags import told  # only a mistake needs it

            hint = told(error, self, given)
            if not hint:
                raise
            raise click.UsageError(f"No such option {error.option_name!r}. {hint}", ctx) from None


def verb(name: str) -> Callable[[Function], click.Command]:
    """Declares a verb: a function of the console and its arguments that returns an exit code."""

    def declare(function: Function) -> click.Command:
        command = click.command(name, cls=Verb)(click.pass_obj(function))
        add_common(command)
        return command

    return declare


def add_common(command: click.Command) -> None:
    """Adds the options that every verb has, and that may also stand before the verb."""
    command.params.extend(
        [
            _common(["-q", "--quiet"], "Errors only.", is_flag=True),
            _common(["-v", "--verbose"], "Tell more.", count=True),
            _common(["--debug"], "Show the traceback of a bug.", is_flag=True),
            _common(
                ["--color"],
                "Colours, by default on a terminal.",
                type=click.Choice(["auto", "always", "never"]),
            ),
        ]
    )


def format_option(*more: str) -> Callable[[F], F]:
    """Adds `--json` and `--format human|json|...`; the console knows the choice."""

    def add(function: F) -> F:
        function = click.option(
            "--json",
            is_flag=True,
            is_eager=True,
            expose_value=False,
            callback=_choose_json,
            help="One JSON document on stdout.",
        )(function)
        return click.option(
            "--format",
            type=click.Choice(["human", "json", *more]),
            is_eager=True,
            expose_value=False,
            callback=_choose_format,
            help="For people, by default, or for machines.",
        )(function)

    return add


def json_option(function: F) -> F:
    """Adds `--json` and `--format human|json`; the console knows the choice."""
    return format_option()(function)


def set_option(function: F) -> F:
    """Adds `--set K=V`, as `sets`."""
    return click.option(
        "--set",
        "sets",
        metavar="K=V",
        multiple=True,
        callback=pairs,
        help="Override a parameter or a setting of a train or data block: width=64, "
        "train.epochs=5, train.optimizer.lr=1e-4, data.NAME.size=64. Repeatable.",
    )(function)


def data_option(function: F) -> F:
    """Adds `--data NAME=PATH`, as `moved`."""
    return click.option(
        "--data",
        "moved",
        metavar="NAME=PATH",
        multiple=True,
        callback=pairs,
        help="Read the data of that name from another path. Repeatable.",
    )(function)


def network_option(function: F) -> F:
    """Adds `--network NAME`, as `network`."""
    return click.option(
        "--network", metavar="NAME", help="Which network, where the spec has several."
    )(function)


def _common(names: list[str], help: str, **settings: Any) -> click.Option:
    return click.Option(names, help=help, expose_value=False, callback=_remember, **settings)


def _remember(ctx: click.Context, param: click.Parameter, value: object) -> None:
    console = ctx.find_object(Console)
    if console is not None and value:
        setattr(console, str(param.name), value)


def _choose_json(ctx: click.Context, param: click.Parameter, value: bool) -> None:
    console = ctx.find_object(Console)
    if console is not None and value:
        if console.form not in ("", "json"):
            raise two_forms(console.form)
        console.form, console.json = "json", True


def _choose_format(ctx: click.Context, param: click.Parameter, value: str | None) -> None:
    console = ctx.find_object(Console)
    if console is not None and value:
        if console.json and value != "json":
            raise two_forms(value)
        console.form, console.json = value, value == "json"


def two_forms(form: str) -> click.UsageError:
    """The mistake of `--json` beside another form."""
    return click.UsageError(f"--json and --format {form} ask for two things: leave one out.")


def pairs(ctx: click.Context, param: click.Parameter, values: tuple[str, ...]) -> dict[str, str]:
    """`NAME=VALUE`, given again and again, by their names."""
    pairs: dict[str, str] = {}
    for value in values:
        name, equals, text = value.partition("=")
        if not equals or not name.strip():
            raise click.BadParameter(f"{value!r} is not {param.metavar}", ctx, param)
        if name.strip() in pairs:
            raise click.BadParameter(f"{name.strip()} is given twice", ctx, param)
        pairs[name.strip()] = text.strip()
    return pairs
