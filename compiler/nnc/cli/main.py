"""The command line: `nnc VERB ...`. A verb's file is imported when it is called."""

from __future__ import annotations

import gc
import sys
from collections.abc import Sequence
from importlib import import_module
from typing import NoReturn

import click

from nnc import __version__
from nnc.cli.console import Console
from nnc.cli.verb import add_common

VERBS = (
    "new",
    "check",
    "fmt",
    "show",
    "diff",
    "data",
    "train",
    "build",
    "eval",
    "run",
    "sample",
    "runs",
    "layers",
    "explain",
    "doctor",
    "completion",
)


EXIT_CODES = """\b
Exit codes:
  0  done
  1  mistakes in the spec, the data or files
  2  usage
  3  a check failed: parity with PyTorch, --require
  4  training failed; the last good state is saved
  70  a bug of nnc
  130, 143  interrupted, terminated; 141  the reader of a pipe has gone
"""


class Verbs(click.Group):
    """The verbs by name; each is imported when it is asked for."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        """The verbs in the order of a project's life."""
        return list(VERBS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """The verb of that name, or None."""
        if cmd_name not in VERBS:
            return None
        command = import_module(f"nnc.cli.{cmd_name}").command
        if not gc.isenabled():  # `main` let it rest: what was loaded stays, and is not searched
            gc.freeze()
            gc.enable()
        assert isinstance(command, click.Command)
        return command

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        """The verb and its arguments; a misspelt one is told what was meant."""
        name = args[0]
        if name in VERBS or name.startswith("-"):
            return super().resolve_command(ctx, args)
        from nnc.diagnostics import nearest

        meant = nearest(name, VERBS)
        hint = f"Did you mean {meant!r}?" if meant else f"There are: {', '.join(VERBS)}."
        if name.endswith(".nn"):
            hint = f"Did you mean 'nnc check {name}'?"
        ctx.fail(f"No such verb {name!r}. {hint}")


@click.command(
    cls=Verbs,
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100},
    no_args_is_help=True,
    subcommand_metavar="VERB [ARGS]...",
    epilog=EXIT_CODES,
)
@click.version_option(__version__, message="nnc %(version)s")
def nnc() -> None:
    """Compile a network written as text: check it, train it with PyTorch, export ONNX."""


add_common(nnc)


def run(args: Sequence[str]) -> int:
    """Runs the command line and returns the exit code; every failure becomes a message."""
    console = Console(args)
    try:
        code = nnc.main(list(args), prog_name="nnc", standalone_mode=False, obj=console)
        console.finish()
        return code if isinstance(code, int) else 0
    except BaseException as error:
        from nnc.cli.failures import failed  # needed only when something went wrong

        return failed(error, console, list(args))


def main() -> NoReturn:
    """The command `nnc`."""
    gc.disable()  # until the verb is loaded
    code = run(sys.argv[1:])
    gc.freeze()  # Python would look for cycles in all that was loaded, only to throw it away
    sys.exit(code)
