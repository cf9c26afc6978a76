"""`nnc check PATH...`: all mistakes in specs, without opening data or loading a framework."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator

import click

from nnc.cli import specs
from nnc.cli.console import Console
from nnc.cli.failures import MISTAKE, relative
from nnc.cli.files import spec_files
from nnc.cli.settings import Settings, settings
from nnc.cli.verb import FILE, data_option, format_option, set_option, verb
from nnc.diagnostics import Diagnostic, Refusal
from nnc.record import Record, replace
from nnc.source import Source


class Asked(Record):
    """What the command line asks for; `form` is one of the formats.

    `used`: gets the files that the specs use, as they are met.
    """

    paths: tuple[str, ...]
    deny: tuple[str, ...]
    sets: dict[str, str]
    moved: dict[str, str]
    form: str
    fix: bool
    diff: bool
    used: set[str]


@verb("check")
@click.argument("paths", nargs=-1, required=True, type=FILE, metavar="PATH...")
@format_option("sarif", "github")
@click.option(
    "--deny", multiple=True, metavar="CODE", help="Take a warning, or all `warnings`, as errors."
)
@click.option("--fix", is_flag=True, help="Apply the fixes that messages offer.")
@click.option("--diff", is_flag=True, help="Show what --fix would change; write nothing.")
@click.option("--watch", is_flag=True, help="Check again whenever a file changes.")
@set_option
@data_option
def command(
    console: Console,
    paths: tuple[str, ...],
    deny: tuple[str, ...],
    fix: bool,
    diff: bool,
    watch: bool,
    sets: dict[str, str],
    moved: dict[str, str],
) -> int:
    """Show all mistakes in specs: files, folders of .nn files, or `-` for standard input."""
    if not console.form:
        console.form = "human" if diff else settings().format
        console.json = console.form == "json"
    if diff and console.form != "human":
        raise click.UsageError("--diff is for people; with --json, messages carry their fixes.")
    asked = Asked(paths, deny, sets, moved, console.form, fix or diff, diff, set())
    if watch:
        if "-" in paths:
            raise click.UsageError("--watch needs files: standard input is read once.")
        return _watched(asked, console)
    return _checked(asked, console)


def _checked(asked: Asked, console: Console) -> int:
    """Checks everything once and returns the exit code."""
    project = settings()
    files = list(spec_files(asked.paths, project))
    if len(files) > 1 and (asked.sets or asked.moved):
        raise click.UsageError("--set and --data speak of one spec, and there are several.")
    found: list[Diagnostic] = []
    fixes = 0
    for path in files:  # grows: what they use is mended with them
        if asked.fix:
            told, count = _fixed(path, asked, project, console)
            fixes += count
            files += sorted(name for name in asked.used.difference(files) if os.path.isfile(name))
            # What is left in a used file is told of that file itself, after its own fixes.
            told = tuple(d for d in told if d.span.source.name in (path, relative(path)))
        else:
            told = tuple(_judged(_mistakes(path, asked, console), project, asked.deny))
        if asked.form in ("json", "sarif"):
            found.extend(told)
            continue
        _tell(told, path, asked, console)
        found.extend(replace(d, labels=()) for d in told)  # counted; the texts may go
    errors = _summary(asked, console, found, len(files), fixes)
    return MISTAKE if errors or (asked.diff and fixes) else 0


def _tell(told: tuple[Diagnostic, ...], path: str, asked: Asked, console: Console) -> None:
    """Messages of one file, as they come; stdout is left to a diff, or to a fixed text."""
    shown = [d for d in told if d.severity == "error"] if console.quiet else told
    if asked.form == "github":
        from nnc.render.github import commands  # for one format only

        if shown:
            console.result(commands(shown))
    else:
        apart = asked.diff or (asked.fix and path == "-")
        console.diagnostics(shown, sys.stderr if apart else sys.stdout)


def _mistakes(path: str, asked: Asked, console: Console) -> tuple[Diagnostic, ...]:
    try:
        source = specs.load(path)
    except Refusal as refusal:
        return refusal.diagnostics
    return _wrong(source, asked, console)


def _wrong(source: Source, asked: Asked, console: Console) -> tuple[Diagnostic, ...]:
    try:
        checked = specs.check(source, asked.sets, asked.moved)
        asked.used.update(source.name for source in checked.sources[1:])
        if asked.moved and not checked.errors:
            from nnc.cli import opened  # only `--data` opens data

            profiles = opened.profiles(checked, console, only=tuple(asked.moved))
            checked = specs.check(source, asked.sets, asked.moved, profiles)
        return checked.diagnostics
    except Refusal as refusal:
        return refusal.diagnostics


def _fixed(
    path: str, asked: Asked, project: Settings, console: Console
) -> tuple[tuple[Diagnostic, ...], int]:
    """What is left to tell of a file after its fixes, and how many there were."""
    from nnc.check.fixes import fixed  # a plain check has no use for these
    from nnc.cli import fixing

    try:
        source = specs.load(path)
    except Refusal as refusal:
        return refusal.diagnostics, 0
    done = fixed(
        source, lambda text: tuple(_judged(_wrong(text, asked, console), project, asked.deny))
    )
    if asked.diff:
        if done.done:
            console.result(fixing.diff(source, done.text, console))
    elif path == "-":
        if asked.form == "human":
            console.result(done.text)
    elif done.done:
        fixing.write(path, source, done.text)
    fixing.told(done, console)
    return done.left, len(done.done)


def _watched(asked: Asked, console: Console) -> int:
    """Checks again and again, until Ctrl-C."""
    from nnc.cli.watch import Stamp, stamp, watch

    def look() -> Stamp:
        try:
            return stamp([*spec_files(asked.paths, settings()), *sorted(asked.used)])
        except Refusal:  # an empty folder is looked at again
            return {}

    def react() -> None:
        if asked.form == "human" and sys.stdout.isatty():
            click.clear()
        try:
            _checked(asked, console)
        except Refusal as refusal:
            console.diagnostics(refusal.diagnostics)
        console.finish()
        console.note("watching  Ctrl-C ends")

    try:
        watch(look, react)
    except KeyboardInterrupt:
        return 0


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
    asked: Asked, console: Console, found: list[Diagnostic], checked: int, fixes: int
) -> int:
    """Ends the output of one check; returns the number of errors."""
    errors, warnings = specs.count(tuple(found))
    if asked.form == "json":
        from nnc.render.json import diagnostics_document

        counts = {"checked": checked, "errors": errors, "warnings": warnings}
        if asked.fix:
            counts["fixed"] = fixes
        console.result(diagnostics_document(found, **counts))
        return errors
    if asked.form == "sarif":
        from nnc.render.sarif import sarif_document

        console.result(sarif_document(found))
    from nnc.render.human import count_text, many

    said = f"{many(checked, 'file')} checked: {count_text(errors, warnings)}"
    if asked.fix:
        said += f", {fixes:,} {'to fix' if asked.diff else 'fixed'}"
    console.note(said)
    return errors
