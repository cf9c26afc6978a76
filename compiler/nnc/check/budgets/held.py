"""Budgets: bounds on a network's figures, held without a framework."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping

from nnc.check.budgets.budget_rules import BAD_BUDGET, FREE_SIZE, OVER_BUDGET
from nnc.check.budgets.budgetplayers import by_player
from nnc.check.budgets.figures import FIGURES, Figure, Question
from nnc.check.formulas.values import Quantity, Unknown, Value, is_integer, is_real, written
from nnc.check.rules import LATER, UNKNOWN_NETWORK
from nnc.check.scope import Scope
from nnc.check.training.training_rules import DOUBLED_SETTING
from nnc.check.world import World
from nnc.diagnostics import Diagnostic, Fix, Label, nearest
from nnc.ir.conditions import holds
from nnc.ir.graph import Network
from nnc.ir.plan import ExportPlan, TrainPlan
from nnc.passes.by_network import by_network
from nnc.passes.prune import prune
from nnc.record import Record
from nnc.source import Span
from nnc.syntax import ast


class Bound(Record):
    """`weights <= 5M`: the most that a figure may be."""

    figure: Figure
    most: int | float
    strict: bool
    setting: ast.Setting


def check_budgets(
    world: World,
    files: tuple[ast.File, ...],
    networks: Mapping[str, Network | None],
    trains: Mapping[str, TrainPlan],
    exports: Mapping[str, ExportPlan | None],
) -> None:
    """Holds every budget of the files against its network; what is exceeded is reported."""
    planned = {d.network.text for d in files[0].declarations if isinstance(d, ast.Train)}
    planned |= {name for name in networks if name.partition(".")[0] in planned & {*world.gans}}
    for name, budget in _budgets(world, files, networks):
        network = networks[name]
        scope = Scope(world.home(budget.span).scope)
        for param, value in network.graph.params if network is not None else ():
            scope.declare(param, value, budget.span, world.sink)  # type: ignore[arg-type]
        bounds, sizes, batch = _read(world, budget, network, scope)
        if network is None:
            continue
        export = exports.get(name)
        shown = export is None or (export.source and not export.bare)
        plans = tuple(
            plan for t in trains.values() for plan in by_network(t) if plan.network == name
        )
        spec = len(files[0].source.text) if shown else 0
        if not plans and batch is None and name in planned:  # its train block was refused
            bounds = [bound for bound in bounds if bound.figure.word != "train_memory"]
        exported = prune(network, export.outputs or None) if export is not None else network
        question = Question(network, sizes, batch, plans, spec, exported)
        for bound in _answerable(world, question, bounds):
            _hold(world, question, bound)


def _budgets(
    world: World, files: tuple[ast.File, ...], networks: Mapping[str, Network | None]
) -> Iterable[tuple[str, ast.Budget]]:
    """Each budget with the name of its network; those of unknown networks are reported."""
    for name, declared in world.networks.items():
        for statement in declared.body.statements:
            if isinstance(statement, ast.Budget) and statement.network is None:
                yield name, statement
    for name, gan in world.gans.items():
        for item in gan.items:
            if isinstance(item, ast.Player) and item.body is not None:
                own = f"{name}.{item.name.text if item.name is not None else item.role.text}"
                stated = (s for s in item.body.statements if isinstance(s, ast.Budget))
                yield from ((own, s) for s in stated if s.network is None and own in networks)
    for file in files:
        for d in file.declarations:
            if not isinstance(d, ast.Budget):
                continue
            if d.network is not None and d.network.text in networks:
                yield d.network.text, d
            elif d.network is None and file is files[0] and len(world.networks) == 1:
                yield next(iter(world.networks)), d
            elif d.network is not None and d.network.text in world.gans:
                players = [*by_player(world, d, world.gans[d.network.text])]
                yield from ((name, own) for name, own in players if name in networks)
            elif file is files[0]:
                alone = (n for n in networks if "." not in n)  # players stand in their gans
                world.sink.add(_whose(d, (*alone, *world.gans)))


def _whose(budget: ast.Budget, networks: tuple[str, ...]) -> Diagnostic:
    if budget.network is None:
        named = networks[0] if networks else "NAME"
        word = Span(budget.span.source, budget.span.start, budget.span.start + len("budget"))
        return BAD_BUDGET.at(
            word,
            "a budget outside of a network names it",
            help=f"write `budget {named} {{ ... }}`",
            fix=Fix(word, f"budget {named}") if len(networks) == 1 else None,
        )
    guess = nearest(budget.network.text, networks)
    return UNKNOWN_NETWORK.at(
        budget.network.span,
        f"no network is called `{budget.network.text}`",
        help=f"did you mean `{guess}`?" if guess else "there are: " + ", ".join(networks),
        fix=Fix(budget.network.span, guess) if guess else None,
    )


# --- what it says ---------------------------------------------------------------------------------


def _read(
    world: World, budget: ast.Budget, network: Network | None, scope: Scope
) -> tuple[list[Bound], dict[str, int], int | None]:
    """Bounds, numbers for free sizes, and the batch; mistakes are reported."""
    bounds: list[Bound] = []
    sizes: dict[str, int] = {}
    batch: int | None = None
    seen: dict[str, ast.Setting] = {}
    for setting in budget.settings.settings:
        if isinstance(setting, ast.Let):
            world.sink.add(
                LATER.at(setting.span, "`let` among settings is planned; nnc 0.1 has none")
            )
            continue
        name = setting.name.text
        if name in seen:
            first = Label(seen[name].name.span, "the first")
            world.sink.add(
                DOUBLED_SETTING.at(setting.name.span, f"`{name}` stands twice", others=(first,))
            )
            continue
        seen[name] = setting
        if name in FIGURES:
            bound = _bound(world, setting, FIGURES[name], scope)
            bounds += [bound] if bound is not None else []
        elif name == "batch" or _is_size(name, network):
            number = _size(world, setting, scope)
            if number is not None and name == "batch":
                batch = number
            elif number is not None:
                sizes[name] = number
        elif network is not None:
            world.sink.add(_unknown(setting, network))
    return bounds, sizes, batch


def _is_size(name: str, network: Network | None) -> bool:
    """Whether a name is that of a size; those of data may be known by now."""
    return "." in name or (network is not None and name in network.symbols)


def _unknown(setting: ast.Setting, network: Network) -> Diagnostic:
    known = (*FIGURES, "batch", *network.symbols)
    name = setting.name.text
    bare = re.sub(r"^(?:max|maximum|num|total|n)_", "", name.lower())
    guess = _HABITS.get(bare, bare if bare in FIGURES else "") or nearest(name, known)
    if guess in FIGURES and setting.op not in ("<", "<=") and len(setting.values) == 1:
        made = f"{guess} <= {setting.values[0].span.text}"
        return BAD_BUDGET.at(
            setting.name.span,
            f"a budget knows no `{name}`",
            help=f"write `{made}`",
            fix=Fix(setting.span, made),
        )
    return BAD_BUDGET.at(
        setting.name.span,
        f"a budget knows no `{name}`",
        help=f"did you mean `{guess}`?"
        if guess
        else "it bounds " + ", ".join(f"`{k}`" for k in FIGURES),
        fix=Fix(setting.name.span, guess) if guess else None,
    )


_HABITS = {
    "params": "weights",
    "parameters": "weights",
    "flops": "macs",
    "mac": "macs",
    "multiply_adds": "macs",
    "size": "onnx",
    "file": "onnx",
    "ram": "memory",
    "vram": "train_memory",
    "gpu": "train_memory",
}


def _size(world: World, setting: ast.Setting, scope: Scope) -> int | None:
    value = world.numbers.value(setting.values[0], scope) if setting.values else None
    if is_integer(value) and value > 0 and len(setting.values) == 1 and not setting.op:
        return int(value)
    if not isinstance(value, Unknown):
        name = setting.name.text
        world.sink.add(
            BAD_BUDGET.at(
                setting.span,
                f"`{name}` takes a whole number of at least 1",
                help=f"write `{name} 32`: the number that the figures are worked out at",
            )
        )
    return None


def _bound(world: World, setting: ast.Setting, figure: Figure, scope: Scope) -> Bound | None:
    """A bound, or None after a message."""
    name = setting.name.text
    written_bound = setting.values[0].span.text if len(setting.values) == 1 else figure.example
    example = f"{name} <= {written_bound}"
    if setting.op not in ("<=", "<") or len(setting.values) != 1:
        gap = Span(setting.span.source, setting.name.span.end, setting.name.span.end)
        world.sink.add(
            BAD_BUDGET.at(
                setting.span,
                f"a bound of `{name}` is the most that it may be",
                help=f"write `{example}`",
                fix=Fix(gap, " <=") if not setting.op and len(setting.values) == 1 else None,
            )
        )
        return None
    e = setting.values[0]
    value = world.numbers.value(e, scope)
    if isinstance(value, Unknown):
        return None
    unit = value.unit if isinstance(value, Quantity) else ""
    amount = value.amount if isinstance(value, Quantity) else value
    if unit == figure.unit and is_real(amount) and amount > 0:
        return Bound(figure, amount, setting.op == "<", setting)
    world.sink.add(_wrong_unit(figure, e, value))
    return None


def _wrong_unit(figure: Figure, e: ast.Expr, value: Value) -> Diagnostic:
    """A bound that is no amount of what the figure counts."""
    meant = ""
    if isinstance(e, ast.Number) and isinstance(value, Quantity) and value.unit == "B":
        meant = value.text[:-1] if not figure.unit else ""
    elif isinstance(e, ast.Number) and is_real(value):
        text = e.span.text
        meant = f"{text}B" if text[-1] in "KMG" else f"{value // 10**6:.0f}MB"
        meant = meant if figure.unit and value >= 10**6 else ""
    return BAD_BUDGET.at(
        e.span,
        f"`{figure.word}` {figure.kind}",
        label=f"this is {written(value)}" + ("" if isinstance(value, Quantity) else ", a count"),
        help=f"write `{meant or figure.example}`",
        fix=Fix(e.span, meant) if meant else None,
    )


# --- whether it is kept ---------------------------------------------------------------------------


def _answerable(world: World, question: Question, bounds: list[Bound]) -> list[Bound]:
    """The bounds whose figures can be worked out; what is not known for the others is one message.

    The message stands at the first of them.
    """
    violated = holds(question.network.facts, question.sizes)  # type: ignore[arg-type]
    if violated is not None and bounds:
        world.sink.add(
            BAD_BUDGET.at(
                bounds[0].setting.span, "the network cannot have these sizes", help=violated
            )
        )
        return []
    free = {bound.figure.word: bound.figure.free(question) for bound in bounds}
    open_ones = [bound for bound in bounds if free[bound.figure.word]]
    if open_ones:
        first = open_ones[0]
        names = tuple(dict.fromkeys(name for found in free.values() for name in found))
        shown = "; ".join(f"{name} {_example(question.network, name)}" for name in names)
        listed = ", ".join(f"`{name}`" for name in free[first.figure.word])
        world.sink.add(
            FREE_SIZE.at(
                first.setting.name.span,
                f"`{first.figure.word}` depends on {listed}",
                label="not known while checking",
                help=f"say where to work it out: write `{shown}` into the budget"
                + (", or a `train` block" if names == ("batch",) else ""),
            )
        )
    return [bound for bound in bounds if not free[bound.figure.word]]


def _example(network: Network, name: str) -> int:
    """A number that the size may be."""
    tries = (32,) if name == "batch" else (1000,) if "." in name else (224, 256, 240, 128, 1024)
    fits = (n for n in tries if holds(network.facts, {name: n}) is None)  # type: ignore[arg-type]
    return next(fits, tries[0])


def _hold(world: World, question: Question, bound: Bound) -> None:
    """Reports a figure that is over its bound."""
    found = bound.figure.value(question)
    if found < bound.most or (found == bound.most and not bound.strict):
        return
    figure = bound.figure
    rows = [row for row in figure.rows(question) if row.amount]
    rows.sort(key=lambda row: -row.amount)
    most = ", ".join(f"{row.place} {figure.told(row.amount)}" for row in rows[:3])
    said = figure.said.format(name=question.network.name, amount=figure.told(found))
    bound_text = bound.setting.values[0].span.text
    world.sink.add(
        OVER_BUDGET.at(
            bound.setting.span,
            f"{said}, and the budget is {bound_text}",
            label=_more(found, bound.most),
            others=tuple(Label(row.span, figure.told(row.amount)) for row in rows[:3]),
            notes=(f"the most: {most}",) if most else (),
            help=figure.help,
        )
    )


def _more(found: int, most: int | float) -> str:
    """By how much a figure is over its bound."""
    if found >= 2 * most:
        return f"{found / most:,.3g} times as much"
    return f"{found / most - 1:.1%} more" if found > most else "as much, and less is wanted"
