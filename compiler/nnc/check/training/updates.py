"""How weights are updated: optimizers, schedules and clipping, each perhaps `on` some; `freeze`."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TypeVar

from nnc.check.arguments.bind import declared
from nnc.check.foreign import settingwords
from nnc.check.foreign.foreigncalls import rewritten
from nnc.check.formulas.values import Unknown
from nnc.check.training.selections import Line, Selector
from nnc.check.training.settings import Found, number, one_value
from nnc.check.training.training_rules import (
    ALL_FROZEN,
    BAD_SETTING,
    UNKNOWN_OPTIMIZER,
    UNKNOWN_SCHEDULE,
)
from nnc.check.world import World
from nnc.diagnostics import Fix, Rule, nearest
from nnc.ir.arguments import Declared
from nnc.ir.graph import Network
from nnc.ir.training import OPTIMIZERS, SCHEDULES, Adam, Constant, Optimizer, Schedule
from nnc.ir.updates import Clip, Frozen, Group
from nnc.record import Record
from nnc.syntax import ast

SELECTING = ("optimizer", "schedule", "clip")
"""Settings that may stand several times, for some of the weights each."""
THEIRS = {
    "schedule": settingwords.SCHEDULES,
    "optimizer": settingwords.OPTIMIZERS,
    "objective": settingwords.OBJECTIVES,
}
"""What other tools call them."""
D = TypeVar("D", bound=Declared)
Chosen = dict[str, list[ast.Setting]]


class Updates(Record):
    """What a train block says of updates."""

    groups: tuple[Group, ...]
    clips: tuple[Clip, ...]
    frozen: Frozen


class _Calls(Record):
    """The optimizers, schedules and norms as written: that of the rest first, then those `on`."""

    optimizers: tuple[Optimizer, ...]
    schedules: tuple[Schedule, ...]
    clips: tuple[float | None, ...]


def read_updates(
    world: World, found: Found, chosen: Chosen, network: Network | None, whole: str = ""
) -> Updates | None:
    """The groups of weights with their optimizers, None after a message.

    `whole`: the word by which `freeze` keeps all of the network, "" where it does not.
    """
    before = world.sink.errors
    calls = _calls(world, found, chosen)
    freeze = found.get("freeze")
    if freeze is not None and not freeze.values:
        world.sink.add(
            BAD_SETTING.at(freeze.span, "`freeze` names what stays", help="`freeze stem, encoder`")
        )
    if network is not None and (calls is None or world.sink.errors > before):
        _look(Selector(world, network), freeze, chosen)  # for mistakes of their own
    if network is None or calls is None or world.sink.errors > before:
        return None
    if whole:
        return Updates((), (), Frozen(whole, *Selector(world, network).everything()))
    if freeze is None and not any(chosen.values()):
        clips = tuple(Clip(norm) for norm in calls.clips if norm is not None)
        return Updates((Group(calls.optimizers[0], calls.schedules[0]),), clips, Frozen())
    made = _selected(Selector(world, network), freeze, chosen, calls, world)
    return None if world.sink.errors > before else made


def _look(selector: Selector, freeze: ast.Setting | None, chosen: Chosen) -> None:
    """Reports what is wrong with selections where what they are for was wrong already."""
    if freeze is not None and freeze.values:
        selector.line(freeze, freeze.values)
    for settings in chosen.values():
        for setting in settings:
            selector.line(setting, setting.selectors)


def _calls(world: World, found: Found, chosen: Chosen) -> _Calls | None:
    optimizer = declared_call(world, found.get("optimizer"), OPTIMIZERS, UNKNOWN_OPTIMIZER, Adam())
    schedule = declared_call(world, found.get("schedule"), SCHEDULES, UNKNOWN_SCHEDULE, Constant())
    optimizers = [
        optimizer,
        *(
            declared_call(world, s, OPTIMIZERS, UNKNOWN_OPTIMIZER, Adam())
            for s in chosen["optimizer"]
        ),
    ]
    schedules = [
        schedule,
        *(
            declared_call(world, s, SCHEDULES, UNKNOWN_SCHEDULE, Constant())
            for s in chosen["schedule"]
        ),
    ]
    rest = found.get("clip")
    clips = [None if s is None else _norm(world, s) for s in (rest, *chosen["clip"])]
    whole = tuple(o for o in optimizers if o is not None)
    ways = tuple(s for s in schedules if s is not None)
    if len(whole) < len(optimizers) or len(ways) < len(schedules):
        return None
    return _Calls(whole, ways, tuple(clips))


def _norm(world: World, setting: ast.Setting) -> float | None:
    return number(world, setting, "1.0", whole=False, least=0, above=True)


def declared_call(
    world: World, setting: ast.Setting | None, table: Mapping[str, type[D]], rule: Rule, default: D
) -> D | None:
    """An optimizer or schedule from its call."""
    if setting is None:
        return default
    e = one_value(world, setting, next(iter(table)))
    if e is None:
        return None
    if isinstance(e, ast.String) and e.value in table:
        world.sink.add(
            rule.at(
                e.span,
                f"`{setting.name.text}` takes a word without quotes",
                help=f"write `{e.value}`",
                fix=Fix(e.span, e.value),
            )
        )
        return None
    word = e.name if isinstance(e, ast.Call) else e.names[0] if isinstance(e, ast.Ref) else None
    text = word.text if word is not None else e.span.text
    cls = table.get(text)
    if cls is None:
        guess = THEIRS.get(setting.name.text, {}).get(settingwords.plain(text), "")
        if isinstance(e, ast.Binary) and "warmup" in text:
            guess = "cosine(warmup=5)"
        guess = guess or nearest(text, tuple(table))
        span = word.span if word is not None and not isinstance(e, ast.Call) else e.span
        span = word.span if word is not None and guess in table else span
        whole = ""
        if isinstance(e, ast.Call) and guess in table:
            whole = rewritten(table[guess], guess, e.args)
        world.sink.add(
            rule.at(
                span,
                f"there is no {setting.name.text} `{text}`",
                help=f"write `{whole}`"
                if whole
                else f"did you mean `{guess}`?"
                if guess
                else "there are " + ", ".join(f"`{w}`" for w in table),
                fix=Fix(e.span, whole) if whole else Fix(span, guess) if guess else None,
            )
        )
        return None
    made = declared(cls, text, e, world.scope, world.numbers)
    return None if isinstance(made, Unknown) else made


def _selected(
    selector: Selector,
    freeze: ast.Setting | None,
    chosen: Chosen,
    calls: _Calls,
    world: World,
) -> Updates:
    """The groups where words select weights."""
    frozen = Frozen()
    if freeze is not None:
        line = selector.line(freeze, freeze.values)
        frozen = Frozen(line.text, *selector.frozen(line))
        if not set(selector.weights()) - set(frozen.weights):
            world.sink.add(
                ALL_FROZEN.at(
                    freeze.span, "every weight is frozen: nothing is left to learn", help=_LEAVE
                )
            )
            return Updates((), (), frozen)
    lines = {
        word: tuple(selector.line(s, s.selectors) for s in settings)
        for word, settings in chosen.items()
    }
    of = {word: selector.assigned(lines[word], frozen.weights) for word in SELECTING}
    return Updates(
        _groups(of, lines, calls, bool(chosen["optimizer"] or chosen["schedule"])),
        _clips(of["clip"], lines["clip"], calls.clips),
        frozen,
    )


_LEAVE = "leave the layers out that are to learn, the last one for example"


def _groups(
    of: dict[str, dict[str, int]], lines: dict[str, tuple[Line, ...]], calls: _Calls, several: bool
) -> tuple[Group, ...]:
    """One group for each optimizer with each schedule that some weights have."""
    if not several:
        return (Group(calls.optimizers[0], calls.schedules[0]),)
    members: dict[tuple[int, int], list[str]] = {}
    for name, optimizer in of["optimizer"].items():
        members.setdefault((optimizer, of["schedule"][name]), []).append(name)
    made = []
    for (optimizer, schedule), names in sorted(members.items()):
        texts = (
            lines[word][at - 1].text if at else ""
            for word, at in (("optimizer", optimizer), ("schedule", schedule))
        )
        on, scheduled = texts
        pair = calls.optimizers[optimizer], calls.schedules[schedule]
        made.append(Group(*pair, on, tuple(names), scheduled))
    return tuple(made)


def _clips(
    of: dict[str, int], lines: tuple[Line, ...], norms: tuple[float | None, ...]
) -> tuple[Clip, ...]:
    """The norms, each with its weights; the rest has none unless a line without `on` says so."""
    if not lines:
        return tuple(Clip(norm) for norm in norms if norm is not None)
    made = []
    for at, norm in enumerate(norms):
        names = tuple(name for name, own in of.items() if own == at)
        if norm is not None and names:
            made.append(Clip(norm, lines[at - 1].text if at else "", names))
    return tuple(made)
