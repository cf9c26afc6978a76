"""What is set outside of spec and command line: folders and taste, never a result."""

from __future__ import annotations

import os

from nnc.diagnostics import Refusal, nearest, rule
from nnc.record import Record
from nnc.source import Source, Span

KEYS = ("runs", "format", "allow", "deny", "exclude")

BAD_SETTING = rule(
    "NN491",
    "bad-project-setting",
    """
`[tool.nnc]` in the nearest `pyproject.toml` knows `runs` (the folder of runs), `format` (`human` or
`json`, for `check`), `allow` and `deny` (lists of codes; `deny` also `"warnings"`) and `exclude`
(patterns of paths that `check` skips in folders). Nothing that changes a result may be set there.
""",
)


class Settings(Record):
    """`[tool.nnc]` of the nearest pyproject.toml."""

    runs: str = "runs"
    format: str = "human"
    allow: tuple[str, ...] = ()
    deny: tuple[str, ...] = ()
    exclude: tuple[str, ...] = ()


def settings() -> Settings:
    """What the nearest pyproject.toml sets.

    Raises:
        Refusal: it sets something that nnc does not know.
    """
    folder = os.getcwd()
    while True:
        path = os.path.join(folder, "pyproject.toml")
        if os.path.isfile(path):
            return _read(path)
        above = os.path.dirname(folder)
        if above == folder:
            return Settings()
        folder = above


def _read(path: str) -> Settings:
    with open(path, encoding="utf-8", errors="replace") as file:
        text = file.read()
    if "tool.nnc" not in text and "[tool]" not in text:
        return Settings()
    import tomllib  # only where a project sets something

    source = Source(os.path.relpath(path).replace(os.sep, "/"), text)
    try:
        table = tomllib.loads(text).get("tool", {}).get("nnc", {})
    except tomllib.TOMLDecodeError as error:
        raise Refusal(BAD_SETTING.at(Span(source, 0, 0), f"not TOML: {error}")) from error
    return _settings(table, source, os.path.dirname(path))


def _settings(table: dict[str, object], source: Source, folder: str) -> Settings:
    values: dict[str, object] = {}
    for key, value in table.items():
        if key not in KEYS:
            meant = nearest(key, KEYS)
            help = f"did you mean `{meant}`?" if meant else f"there are {', '.join(KEYS)}"
            raise _bad(source, key, f"[tool.nnc] has no setting `{key}`", help)
        if key in ("allow", "deny", "exclude"):
            if not isinstance(value, list) or not all(isinstance(item, str) for item in value):
                raise _bad(source, key, f"`{key}` is a list of strings", "")
            values[key] = tuple(value)
        elif not isinstance(value, str):
            raise _bad(source, key, f"`{key}` is a string", "")
        else:
            values[key] = value
    if values.get("format", "human") not in ("human", "json"):
        raise _bad(source, "format", "`format` is `human` or `json`", "")
    if "runs" in values:
        values["runs"] = os.path.relpath(os.path.join(folder, str(values["runs"])))
    return Settings(**values)  # type: ignore[arg-type]  # each was tested above


def _bad(source: Source, key: str, message: str, help: str) -> Refusal:
    start = max(source.text.find(key, source.text.find("tool.nnc")), 0)
    return Refusal(BAD_SETTING.at(Span(source, start, start + len(key)), message, help=help))
