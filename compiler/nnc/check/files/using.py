"""`use "file.nn"` and `use std.name`: the files that a spec is made of, each read once."""

from __future__ import annotations

import os

from nnc import resources
from nnc.check.rules import CIRCULAR_USE, MISSING_FILE
from nnc.check.scope import Sink
from nnc.diagnostics import Diagnostic, Fix, Label, Refusal, nearest
from nnc.source import Source, Span
from nnc.syntax import ast
from nnc.syntax.files import LIMIT, read_source
from nnc.syntax.parser import parse

FILES = 64
"""Files that a spec may be made of; their texts hold 16 MB together."""

_OTHER_NAMES = {
    "resnet": "residual",
    "resblock": "residual",
    "basicblock": "residual",
    "bottleneck": "residual",
    "densenet": "dense_block",
    "mobilenet": "inverted_residual",
    "mbconv": "inverted_residual",
    "se": "squeeze_excite",
    "senet": "squeeze_excite",
    "transformer": "prenorm",
}
"""Files of the standard library by the networks that their blocks are known from."""


def used_files(file: ast.File, root: str, sink: Sink) -> tuple[tuple[ast.File, ...], bool]:
    """The spec and all files that it uses, directly or through others, itself first.

    Also whether all of them could be read: else names may be missing that they declare.

    Args:
        root: the folder that the spec's own paths start from.
    """
    if not any(isinstance(d, ast.Use) for d in file.declarations):
        return (file,), True
    reading = _Reading(file, root, sink)
    reading.follow()
    return tuple(reading.known.values()), not reading.lost


class _Place:
    """A file on the way: what it is known by, where its paths start, how its folder is shown."""

    def __init__(self, key: str, file: ast.File, folder: str, shown: str, at: Span | None) -> None:
        self.key, self.file, self.folder, self.shown, self.at = key, file, folder, shown, at


class _Reading:
    def __init__(self, file: ast.File, root: str, sink: Sink) -> None:
        self.sink = sink
        self.known: dict[str, ast.File] = {}
        self.size = len(file.source.text)
        self.full = self.lost = False
        name = file.source.name
        key = os.path.realpath(os.path.join(root, os.path.basename(name)))
        self.known[key] = file
        self.way = [_Place(key, file, root, name.rpartition("/")[0], None)]

    def follow(self) -> None:
        """Reads what the file in hand uses."""
        for d in self.way[-1].file.declarations:
            if isinstance(d, ast.Use) and not self.full:
                place = self._place(d)
                if place is not None:
                    self.way.append(place)
                    self.follow()
                    self.way.pop()

    def _place(self, use: ast.Use) -> _Place | None:
        """The file that is used, where it is new and could be read."""
        here, what = self.way[-1], use.what
        if isinstance(what, ast.Ref):
            name = self._std(what)
            key, folder, shown, path = f"std.{name}", "", "std", f"std/{name}.nn"
            if not name:
                return None
        else:
            if not self._plain(what):
                return None
            key = os.path.realpath(os.path.join(here.folder, what.value))
            folder = os.path.dirname(os.path.join(here.folder, what.value))
            path = os.path.normpath(os.path.join(here.shown, what.value)).replace("\\", "/")
            shown = path.rpartition("/")[0]
        on_way = [i for i, place in enumerate(self.way) if place.key == key]
        if on_way:
            self._circular(use, on_way[0])
            return None
        if key in self.known:
            return None
        source = self._source(what, key, path)
        if source is None or not self._fits(what, source):
            return None
        file, mistakes = parse(source)
        for mistake in mistakes:
            self.sink.add(mistake)
        self.known[key] = file
        return _Place(key, file, folder, shown, use.span)

    def _source(self, what: ast.String | ast.Ref, key: str, path: str) -> Source | None:
        if isinstance(what, ast.Ref):
            return Source(path, resources.text("specs", "std", f"{key[4:]}.nn"))
        if os.path.exists(key) and not os.path.isfile(key):
            self._missing(what, f"`{what.value}` is no file")
            return None
        try:
            return read_source(key, path)
        except Refusal as refusal:
            self._missing(what, refusal.diagnostics[0].message, _neighbour(key, what))
            return None

    def _std(self, what: ast.Ref) -> str:
        """The name of a file of the standard library, or "" after a message."""
        names = [n.text for n in what.names]
        known = [f"std.{name}" for name in std_names()]
        self.lost = self.lost or ".".join(names) not in known
        wish = ".".join(names)
        if wish in known:
            return names[1]
        near = _OTHER_NAMES.get(names[-1].lower().replace("_", ""), "")
        near = near or nearest(names[-1], [n[4:] for n in known if n[4:5] == names[-1][:1]])
        guess = near and f"std.{near}"
        self.sink.add(
            MISSING_FILE.at(
                what.span,
                f"there is no `{wish}` in the standard library",
                others=self._from(),
                help=f"did you mean `{guess}`?" if guess else "it has " + ", ".join(known),
                fix=Fix(what.span, guess) if guess else None,
            )
        )
        return ""

    def _plain(self, what: ast.String) -> bool:
        """Whether a path is one that works on all machines."""
        path = what.value
        plain = not any(c in '\\:*?"<>|' or c < " " for c in path)
        if path.endswith(".nn") and plain and path[0] not in "/~":
            return True
        help = "paths are relative to this file, with `/` between folders"
        if not path.endswith(".nn"):
            help = "it is the path of a `.nn` file; the standard library is `use std.name`"
        self._missing(what, f"`{path}` cannot be used", help)
        return False

    def _fits(self, what: ast.String | ast.Ref, source: Source) -> bool:
        self.size += len(source.text)
        self.full = len(self.known) >= FILES or self.size > LIMIT
        if self.full:
            self._missing(what, f"a spec is made of at most {FILES} files and 16 MB of text")
        return not self.full

    def _missing(self, what: ast.String | ast.Ref, message: str, help: str = "") -> None:
        self.lost = True
        self.sink.add(MISSING_FILE.at(what.span, message, others=self._from(), help=help))

    def _from(self) -> tuple[Label, ...]:
        """Where the file in hand is used."""
        at = self.way[-1].at
        return (Label(at, "this file is used here"),) if at is not None else ()

    def _circular(self, use: ast.Use, first: int) -> None:
        self.sink.add(_circle(use, [*self.way[first:]]))


def _circle(use: ast.Use, way: list[_Place]) -> Diagnostic:
    names = [*(place.file.source.name for place in way), way[0].file.source.name]
    ends = [place.at for place in way[1:] if place.at is not None]
    return CIRCULAR_USE.at(
        use.span,
        "a file uses itself: " + " -> ".join(names),
        others=tuple(Label(at, "and here it is used") for at in ends[:1]),
        help="move what both need into a third file"
        if len(way) > 1
        else "its declarations are visible without `use`",
    )


def _neighbour(path: str, what: ast.String) -> str:
    """The file that a misspelt path most likely means."""
    try:
        names = [name for name in os.listdir(os.path.dirname(path)) if name.endswith(".nn")]
    except OSError:
        return ""
    guess = nearest(os.path.basename(path), names)
    head = what.value.rpartition("/")
    return f'did you mean "{head[0]}{head[1]}{guess}"?' if guess else ""


def std_names() -> tuple[str, ...]:
    """The files of the standard library."""
    folder = resources.path("specs", "std")
    return tuple(sorted(path.stem for path in folder.glob("*.nn")))
