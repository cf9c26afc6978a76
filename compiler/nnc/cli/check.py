"""`nnc check PATH...`: all mistakes in specs, without opening data or loading a framework."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator

import click

from nnc.cli import specs
from nnc.cli.console import Console
from nnc.cli.failures import MISTAKE, relative, unusable
from nnc.cli.settings import Settings, settings
from nnc.cli.verb import FILE, data_option, json_option, set_option, verb
from nnc.diagnostics import Diagnostic, Refusal
from nnc.record import replace


@verb("check")
@click.argument("paths", nargs=-1, required=True, type=FILE, metavar="PATH...")
@json_option
@click.option(
    "--deny", multiple=True, metavar="CODE", help="Take a warning, or all `warnings`, as errors."
)
@set_option
@data_option
def command(
    console: Console,
    paths: tuple[str, ...],
    deny: tuple[str, ...],
    sets: dict[str, str],
    moved: dict[str, str],
) -> int:
    """Show all mistakes in specs: files, folders of .nn files, or `-` for standard input."""
    project = settings()
    if not console.form:
        console.json = project.format == "json"
    files = list(_files(paths, project))
    if len(files) > 1 and (sets or moved):
        raise click.UsageError("--set and --data speak of one spec, and there are several.")
    found: list[Diagnostic] = []
    for path in files:
        told = tuple(_judged(_mistakes(path, sets, moved, console), project, deny))
        if console.json:
            found.extend(told)
            continue
        shown = [d for d in told if d.severity == "error"] if console.quiet else told
        console.diagnostics(shown, sys.stdout)
        found.extend(replace(d, labels=()) for d in told)  # counted; the texts may go
    errors, warnings = specs.count(tuple(found))
    _summary(console, found, len(files), errors, warnings)
    return MISTAKE if errors else 0


def _mistakes(
    path: str, sets: dict[str, str], moved: dict[str, str], console: Console
) -> tuple[Diagnostic, ...]:
    try:
        source = specs.load(path)
        checked = specs.check(source, sets, moved)
        if moved and not checked.errors:
            from nnc.cli import opened  # only `--data` opens data

            profiles = opened.profiles(checked, console, only=tuple(moved))
            checked = specs.check(source, sets, moved, profiles)
        return checked.diagnostics
    except Refusal as refusal:
        return refusal.diagnostics


def _files(paths: tuple[str, ...], project: Settings) -> Iterator[str]:
    """The specs that the arguments name; folders give their .nn files in order.

    Raises:
        Refusal: a folder holds none.
    """
    for path in paths:
        if path == "-" or not os.path.isdir(path):
            yield path
            continue
        inside = list(_inside(path, project))
        if not inside:
            raise unusable(f"there is no .nn file in {relative(path)}")
        yield from inside


def _inside(folder: str, project: Settings) -> Iterator[str]:
    for here, folders, files in os.walk(folder):
        folders[:] = sorted(name for name in folders if not name.startswith("."))
        for name in sorted(files):
            path = relative(os.path.join(here, name))
            if name.endswith(".nn") and not name.startswith(".") and not _excluded(path, project):
                yield path


def _excluded(path: str, project: Settings) -> bool:
    if not project.exclude:
        return False
    from fnmatch import fnmatch  # few projects exclude anything

    return any(
        fnmatch(path, pattern) or fnmatch(path, f"{pattern}/*") for pattern in project.exclude
    )


def _judged(
    found: tuple[Diagnostic, ...], project: Settings, deny: tuple[str, ...]
) -> Iterator[Diagnostic]:
    """Warnings as the project takes them: left out, or as errors."""
    denied = {*project.deny, *deny}
    for diagnostic in found:
        if diagnostic.severity == "warning":
            if diagnostic.code in denied or "warnings" in denied:
                diagnostic = replace(diagnostic, severity="error")
            elif diagnostic.code in project.allow:
                continue
        yield diagnostic


def _summary(
    console: Console, found: list[Diagnostic], checked: int, errors: int, warnings: int
) -> None:
    if console.json:
        from nnc.render.json import diagnostics_document

        counts = {"checked": checked, "errors": errors, "warnings": warnings}
        console.result(diagnostics_document(found, **counts))
    else:
        from nnc.render.human import count_text, many

        console.note(f"{many(checked, 'file')} checked: {count_text(errors, warnings)}")
