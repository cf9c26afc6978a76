"""`nnc fmt PATH...`: specs in the one layout."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Iterator

import click

from nnc.cli.console import Console
from nnc.cli.failures import MISTAKE, relative
from nnc.cli.files import spec_files
from nnc.cli.nearby import helped
from nnc.cli.settings import settings
from nnc.cli.verb import FILE, json_option, verb
from nnc.diagnostics import Diagnostic, Refusal
from nnc.source import Source
from nnc.syntax.files import read_source
from nnc.syntax.format import formatted


@verb("fmt")
@click.argument("paths", nargs=-1, required=True, type=FILE, metavar="PATH...")
@click.option("--check", is_flag=True, help="Change nothing; fail if a file would change.")
@click.option("--diff", is_flag=True, help="Change nothing; show what would change.")
@json_option
def command(console: Console, paths: tuple[str, ...], check: bool, diff: bool) -> int:
    """Lay out specs: files, folders of .nn files, or `-` from standard input to standard output.

    What a spec says and its comments stay. A text with syntax mistakes is left as it is.
    """
    files = list(spec_files(paths, settings()))
    changed: list[str] = []
    found: list[Diagnostic] = []
    for path in files:
        try:
            source = read_source(path, "" if path == "-" else relative(path))
            made = formatted(source)
        except Refusal as refusal:
            if path != "-" and not os.path.exists(path):
                helped(refusal, path)
            found.extend(refusal.diagnostics)
            if not console.json:
                console.diagnostics(refusal.diagnostics)
            continue
        differs = _differs(path, source, made)
        if differs:
            changed.append(source.name)
        if diff and differs and not console.json:
            _write("".join(_difference(source, made)))
        elif path == "-" and not (check or diff or console.json):
            _write(made)
        elif differs and not (check or diff):
            _replace(path, made.encode())
        elif differs and check and not (diff or console.json):
            console.result(console.shown(source.name))
    _summary(console, files, changed, found, check or diff)
    return MISTAKE if found or (check and changed) else 0


def _differs(path: str, source: Source, made: str) -> bool:
    # The text lacks the byte order mark that the file may have.
    return made != source.text or (path != "-" and os.path.getsize(path) != len(made.encode()))


def _difference(source: Source, made: str) -> Iterator[str]:
    """The changes as `patch` reads them."""
    from difflib import unified_diff  # 4 ms, and only `--diff` needs it

    old, new = ([f"{line}\n" for line in text.split("\n")] for text in (source.text, made))
    if old[-1] == "\n":
        old.pop()
    else:
        old[-1] += "\\ No newline at end of file\n"
    if new[-1] == "\n":
        new.pop()
    yield from unified_diff(old, new, source.name, source.name)


def _write(text: str) -> None:
    """Writes a spec to stdout as it would stand in a file, whatever the console's encoding."""
    click.echo(text.encode(), nl=False)


def _replace(path: str, content: bytes) -> None:
    """Writes a file anew in one step, with its permissions; a link goes on pointing at it."""
    path = os.path.realpath(path)
    mode = os.stat(path).st_mode & 0o7777
    handle, partial = tempfile.mkstemp(prefix=".", suffix=".nn~", dir=os.path.dirname(path))
    try:
        with open(handle, "wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        os.chmod(partial, mode)
        os.replace(partial, path)
    except BaseException:
        os.unlink(partial)
        raise


def _summary(
    console: Console, files: list[str], changed: list[str], found: list[Diagnostic], would: bool
) -> None:
    if console.json:
        from nnc.render.json import diagnostics_document

        console.result(diagnostics_document(found, checked=len(files), changed=changed))
        return
    from nnc.render.human import many

    does = "would change" if would else "formatted"
    left = f", mistakes in {len({d.span.source.name for d in found})}" if found else ""
    console.note(f"{len(changed)} of {many(len(files), 'file')} {does}{left}")
