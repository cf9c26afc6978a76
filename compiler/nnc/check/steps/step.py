"""Steps: layers with their arguments and shapes, joins of paths, shared steps."""

from __future__ import annotations

from nnc.check.arguments.bind import Bound, bind
from nnc.check.arguments.defaults import gather
from nnc.check.blocks.calls import call_block
from nnc.check.blocks.passing import run_passed
from nnc.check.foreign import habits
from nnc.check.foreign.calls import foreign_call, foreign_step, joined_twice
from nnc.check.formulas.formula import lonely
from nnc.check.formulas.values import (
    BAD,
    Family,
    LabelEntry,
    Passed,
    SharedEntry,
    TakenName,
    Unknown,
    written,
)
from nnc.check.rules import (
    MISPLACED,
    NO_BODY,
    SEVERAL_VALUES,
    VALUE_AS_STEP,
)
from nnc.check.scans.scan import run_scan
from nnc.check.scope import Scope
from nnc.check.steps.applying import apply
from nnc.check.steps.body import Body
from nnc.check.steps.paths import run_paths
from nnc.check.steps.seats import Extra, port_values, seated
from nnc.diagnostics import Diagnostic, Fix, Label
from nnc.layers import LAYERS
from nnc.layers.base import Layer
from nnc.source import Span
from nnc.syntax import ast

JOINS = ("add", "concat", "mul")


def run_step(body: Body, step: ast.Step, scope: Scope, label: str) -> None:
    """Takes one step from the current values."""
    name = step.name.text
    world = body.world
    world.count_step(step.span)
    layer = LAYERS.get(name)
    meant = scope.find(name)
    if meant is not None and isinstance(meant.value, TakenName):
        body.fail()
        return
    if body.handed and _handed(body, step, scope, label):
        return
    if layer is not None and not layer.hidden:
        if step.body is not None:
            if name in JOINS:
                join_paths(body, step, layer, scope, label)
                return
            world.sink.add(NO_BODY.at(step.body.span, f"`{name}` takes no braces"))
            body.fail()
            return
        run_layer(body, step, layer, scope, label)
    elif name in ("residual", "scale"):
        wrap(body, step, scope, label)
    elif name == "scan":
        run_scan(body, step, scope, label)
    elif name in world.blocks:
        call_block(body, step, scope, label)
    else:
        other_step(body, step, scope, label)


def _handed(body: Body, step: ast.Step, scope: Scope, label: str) -> bool:
    """A use of a step or of braces that the block was handed; False where the word is neither."""
    entry = scope.find(step.name.text)
    passed = entry.value if entry is not None else None
    if not isinstance(passed, Passed):
        return False
    name = step.name.text
    if step.args is not None or step.body is not None:
        body.world.sink.add(
            NO_BODY.at(
                step.span,
                f"`{name}` stands for what the call says, with its arguments",
                help=f"write `{name}` alone",
            )
        )
        body.fail()
        return True

    def run(inner: Scope) -> None:
        if passed.step is not None:
            run_step(body, passed.step, inner, label)
            return
        assert passed.braces is not None
        body.defaults = (gather(body.world, passed.braces, inner), *body.defaults)
        body.run(passed.braces, inner)

    run_passed(body, passed, run)
    return True


def other_step(body: Body, step: ast.Step, scope: Scope, label: str) -> None:
    """A word that is no layer and no block: a shared step, a value, or a mistake."""
    name, world = step.name.text, body.world
    entry = scope.find(name)
    if entry is not None and isinstance(entry.value, SharedEntry):
        run_shared(body, step, entry.value, scope, label)
        return
    flowing = body.current
    body.fail()
    if entry is not None and isinstance(entry.value, (LabelEntry, Family)):
        world.sink.add(
            VALUE_AS_STEP.at(
                step.name.span,
                f"`{name}` is a value, not a step",
                others=(Label(entry.span, "it is named here"),),
                help=f"to go on from it write `from {name}`",
                fix=Fix(step.name.span, f"from {name}") if body.first_link else None,
            )
        )
    elif entry is not None and isinstance(entry.value, Unknown):
        pass  # what it was to be was reported
    elif entry is not None:
        world.sink.add(
            VALUE_AS_STEP.at(
                step.name.span,
                f"`{name}` is {written(entry.value)}, not a step",
                others=(Label(entry.span, "it is named here"),),
                help=f"give it to a step: `dense({name})`",
            )
        )
    elif name == "body":
        world.sink.add(
            MISPLACED.at(
                step.name.span,
                "`body` stands in a block, for what is in braces after its call",
                help="write `block NAME { ... body ... }`, and call `NAME { steps }`",
            )
        )
    elif name in habits.NORMS:
        world.sink.add(_norm_as_step(body, step))
    elif name in world.networks:
        world.sink.add(
            VALUE_AS_STEP.at(
                step.name.span,
                f"`{name}` is a network, and steps are layers or blocks",
                help=f"declare it as `block {name}` to use it as a step",
            )
        )
    elif name not in world.lost and world.whole:  # else what could not be read may declare it
        world.sink.add(foreign_step(body, step, flowing))


def _norm_as_step(body: Body, step: ast.Step) -> Diagnostic:
    """`spectral_norm` behind a layer or around it, as other tools have it."""
    name = step.name.text
    inner = step.args[0].value if step.args else None
    if isinstance(inner, ast.Call) and inner.args:
        text = f"{inner.span.text[:-1].rstrip(', ')}, {name}=true)"
    else:
        before = body.builder.items[-1].op.word if body.builder.items else ""
        fits = before in LAYERS and name in LAYERS[before].args
        text = f"{before if fits else 'conv'}(..., {name}=true)"
    return VALUE_AS_STEP.at(
        step.name.span,
        f"`{name}` is an argument of the layer whose weight it changes",
        help=f"write `{text}`",
        fix=None if "..." in text else Fix(step.span, text),
    )


def run_layer(body: Body, step: ast.Step, layer: type[Layer], scope: Scope, label: str) -> None:
    """A layer with its arguments, on the current values."""
    foreign = foreign_call(body, step, layer, scope)
    if foreign is not None:
        body.world.sink.add(foreign)
        if body.current is not None:
            body.take(step.name.span)
        body.fail()
        return
    made = make_layer(body, step, layer, scope)
    values = body.take(step.name.span)
    gathered, body.gathered = body.gathered, False
    if made is None or values is None:
        body.fail()
        return
    op, bound, extra = made
    joined_twice(body, step, values, [e for e in extra if not e.port])
    count = len(values) + len(extra)
    if lonely(op, count) and BAD not in values and not gathered:
        _one_to_join(body, step)
        return
    _apply(body, op, values, extra, step.name.span, bound, label)


def _apply(
    body: Body,
    op: Layer,
    values: tuple[int, ...],
    extra: tuple[Extra, ...],
    span: Span,
    bound: Bound,
    label: str,
    shared: SharedEntry | None = None,
) -> None:
    """The layer on the values that flow in and those among its arguments."""
    seats = seated(body, type(op), values, extra, span)
    if seats is None:
        body.fail()
    else:
        apply(body, op, seats, span, bound, label, shared)


def _one_to_join(body: Body, step: ast.Step) -> None:
    """A join to which one value comes."""
    body.world.sink.add(
        SEVERAL_VALUES.at(
            step.name.span,
            f"`{step.name.text}` joins several values, and one comes",
            help=f"name the other: `{step.name.text}(LABEL)`, or `from a, b -> {step.name.text}`",
        )
    )
    body.builder.used.update(body.current or ())
    body.fail()


def make_layer(
    body: Body, step: ast.Step, layer: type[Layer], scope: Scope
) -> tuple[Layer, Bound, tuple[Extra, ...]] | None:
    """The layer with its arguments, and the labels among them that are values for its ports."""
    given, extra, ok = port_values(body, layer, step.args or (), scope)
    defaults = body.defaults_of(step.name.text)
    bound = bind(
        step.name.text, step.name.span, layer.args, given, scope, body.world.numbers, defaults
    )
    if not bound.ok or not ok:
        return None
    bound.spans.update((e.port, e.span) for e in extra if e.port)
    # What is tied is known with the shapes.
    values = {name: value for name, value in bound.values.items() if name != "tie"}
    return layer(**values), bound, extra


def run_shared(body: Body, step: ast.Step, shared: SharedEntry, scope: Scope, label: str) -> None:
    """A use of a shared step: the same weights each time."""
    world = body.world
    if step.args is not None:
        world.sink.add(
            NO_BODY.at(
                step.span,
                f"`{step.name.text}` is a shared step and has its arguments already",
                help=f"write `{step.name.text}` alone",
            )
        )
        body.fail()
        return
    shared.uses += 1
    inner, scope = shared.step, shared.scope
    levels, body.defaults = body.defaults, shared.levels
    _run_shared(body, step, shared, inner, scope, label)
    body.defaults = levels


def _run_shared(
    body: Body, step: ast.Step, shared: SharedEntry, inner: ast.Step, scope: Scope, label: str
) -> None:
    layer = LAYERS.get(inner.name.text)
    if layer is None:
        call_block(body, inner, scope, label, shared)
        return
    made = make_layer(body, inner, layer, scope)
    values = body.take(step.name.span)
    if made is None or values is None:
        body.fail()
        return
    _apply(body, made[0], values, made[2], step.name.span, made[1], label, shared)


def join_paths(body: Body, step: ast.Step, layer: type[Layer], scope: Scope, label: str) -> None:
    """`add { path { } path { } }`: each path starts from the current value."""
    assert step.body is not None
    made = make_layer(body, step, layer, scope)
    start = body.take(step.name.span)
    if start is None:
        start = (BAD,)
    results, spans = run_paths(body, step.body, scope, start)
    if made is None or not results:
        body.fail()
        return
    op, bound, extra = made
    named = Bound(bound.values, bound.spans | {f"path{i}": s for i, s in enumerate(spans)}, True)
    _apply(body, op, tuple(results), extra, step.name.span, named, label)


def wrap(body: Body, step: ast.Step, scope: Scope, label: str) -> None:
    """`residual { }` adds, `scale { }` multiplies the incoming value by what its steps give."""
    name = step.name.text
    if step.args:
        inside = " -> ".join(arg.span.text for arg in step.args)
        steps = all(isinstance(arg.value, (ast.Ref, ast.Call)) for arg in step.args)
        written = f"{name} {{ {inside} }}"
        body.world.sink.add(
            NO_BODY.at(
                step.span,
                f"`{name}` takes no arguments, only `{{ steps }}`",
                help=f"write `{written}`" if steps else "",
                fix=Fix(step.span, written) if steps and step.body is None else None,
            )
        )
        if step.body is None:
            body.fail()
            return
    start = body.take(step.name.span)
    if step.body is None:
        body.world.sink.add(
            NO_BODY.at(
                step.span,
                f"`{name}` wants braces with its steps",
                help=f"write `{name} {{ ... }}`",
            )
        )
        body.fail()
        return
    if start is None:
        start = (BAD,)
    inner = body.run_inner(step.body, scope, name, start)
    op = LAYERS["add" if name == "residual" else "mul"]()
    if inner is None or BAD in start:
        body.fail()
        return
    apply(body, op, (*start, inner), step.name.span, Bound({}, {}, True), label)


def default_layer(word: str) -> bool:
    """Whether a `defaults` block may speak of this word."""
    return word in LAYERS and not LAYERS[word].hidden
