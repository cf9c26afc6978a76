"""The loss setting: a weighted sum of losses, each of one output.

And what the output's end must be.
"""

from __future__ import annotations

import re

from nnc.check.foreign import settingwords
from nnc.check.foreign.foreigncalls import rewritten
from nnc.check.formulas.values import Unknown, is_real
from nnc.check.training.classweights import few_weights
from nnc.check.training.lossformulas import Outline, is_number, options, read_formula
from nnc.check.training.training_rules import (
    BAD_LOSS,
    UNKNOWN_LOSS,
    UNKNOWN_OUTPUT,
    WRONG_HEAD,
    WRONG_TARGET,
)
from nnc.check.world import World
from nnc.diagnostics import Diagnostic, Fix, Label, nearest
from nnc.ir.dims import show
from nnc.ir.graph import Call, Graph, Item, Network
from nnc.ir.lossformula import FUNCTIONS, FormulaTerm
from nnc.ir.plan import Target, Term
from nnc.ir.training import LOSSES
from nnc.ir.types import TensorType
from nnc.record import Record
from nnc.source import Span
from nnc.syntax import ast


def outline(network: Network | None, declared: ast.Network, data: tuple[str, ...] = ()) -> Outline:
    """The outline of a network: of what is written where it had mistakes.

    `data`: the names of the data blocks that it is trained on.
    """
    on = data[0] if data else ""
    if network is not None:
        graph = network.graph
        names = tuple(p.name for p in graph.fed), tuple(p.name for p in graph.outputs)
        return Outline(*names, network, on)
    statements = declared.body.statements
    sources = [s for s in statements if isinstance(s, ast.SourceDecl)]
    inputs = [n.text for s in sources if s.kind.text == "input" for n in s.names]
    outputs = [s.name.name.text for s in statements if isinstance(s, ast.Output)]
    return Outline(tuple(inputs), tuple(outputs), None, on)


class Terms(Record):
    """A loss: losses of outputs, and terms that are computed."""

    losses: tuple[Term, ...] = ()
    formulas: tuple[FormulaTerm, ...] = ()


def read_loss(world: World, e: ast.Expr, network: Outline) -> Terms:
    """The terms of a loss; none after a message."""
    before = world.sink.errors
    terms: list[Term | FormulaTerm] = []
    _sum(world, e, network, 1.0, terms)
    if world.sink.errors > before:
        return Terms()
    return Terms(
        tuple(t for t in terms if isinstance(t, Term)),
        tuple(t for t in terms if isinstance(t, FormulaTerm)),
    )


def _sum(
    world: World, e: ast.Expr, network: Outline, weight: float, terms: list[Term | FormulaTerm]
) -> None:
    """The terms of a sum; numbers before and behind them, and signs, are their weights."""
    if isinstance(e, ast.Unary) and e.op == "-":
        _product(world, e.operand, network, -weight, terms)
        return
    if isinstance(e, ast.Binary) and e.op in ("+", "-"):
        _sum(world, e.left, network, weight, terms)
        _sum(world, e.right, network, weight if e.op == "+" else -weight, terms)
        return
    if isinstance(e, ast.Binary) and e.op in ("*", "/"):
        behind = is_number(world, e.right, network)
        if behind or (e.op == "*" and is_number(world, e.left, network)):
            number, rest = (e.right, e.left) if behind else (e.left, e.right)
            factor = _factor(world, number, divides=e.op == "/")
            if factor is not None:
                _product(world, rest, network, weight * factor, terms)
            return
    _one(world, e, network, weight, terms)


def _product(
    world: World, e: ast.Expr, network: Outline, weight: float, terms: list[Term | FormulaTerm]
) -> None:
    """What a number multiplies: a sum in parentheses is one term unless it holds named losses."""
    plain = isinstance(e, ast.Binary) and e.op in ("+", "-") and not _has_loss(e)
    (_one if plain else _sum)(world, e, network, weight, terms)


def _factor(world: World, e: ast.Expr, *, divides: bool) -> float | None:
    value = world.numbers.value(e, world.scope)
    if isinstance(value, Unknown):
        return None
    if not is_real(value) or (divides and value == 0):
        message = "a term is divided by a number, and not by 0"
        message = message if divides else "a term's factor is a number"
        world.sink.add(BAD_LOSS.at(e.span, message))
        return None
    return 1 / value if divides else float(value)


def _has_loss(e: ast.Expr) -> bool:
    """Whether a named loss is one of the terms of a sum."""
    if isinstance(e, ast.Binary):
        return _has_loss(e.left) or _has_loss(e.right)
    if isinstance(e, ast.Unary):
        return _has_loss(e.operand)
    word = e.name.text if isinstance(e, ast.Call) else e.text if isinstance(e, ast.Ref) else ""
    return word in LOSSES


def _one(
    world: World, e: ast.Expr, network: Outline, weight: float, terms: list[Term | FormulaTerm]
) -> None:
    """One term: a named loss of an output, or a formula."""
    if isinstance(e, ast.String):
        world.sink.add(_unknown_loss(ast.Ident(e.span, e.span.text)))
        return
    named = isinstance(e, (ast.Call, ast.Ref)) and not _is_formula(e, network)
    if named:
        term: Term | FormulaTerm | None = _term(world, e, network, weight)
    else:
        term = read_formula(world, e, network, weight)
    if term is not None:
        terms.append(term)


def _is_formula(e: ast.Call | ast.Ref, network: Outline) -> bool:
    """A function or an output, where a loss may stand; or a loss of something computed."""
    if not isinstance(e, ast.Call):
        known = (*network.outputs, *network.inputs)
        return e.text in known or (len(e.names) == 2 and e.names[0].text == network.data)
    if e.name.text not in LOSSES:
        return e.name.text in FUNCTIONS
    sides = [arg.value for arg in e.args if arg.name is None]
    if not all(isinstance(side, ast.Ref) for side in sides):
        return True
    if any(_text(side) in network.labels for side in sides):
        return True
    first, *others = (_text(side) for side in sides) if sides else ("",)
    return any(other in network.outputs and other != first for other in others)  # of two outputs


def _text(e: ast.Expr) -> str:
    return e.text if isinstance(e, ast.Ref) else ""


def _term(world: World, e: ast.Expr, network: Outline, weight: float) -> Term | None:
    assert isinstance(e, (ast.Call, ast.Ref))
    word = e.name if isinstance(e, ast.Call) else e.names[0]
    cls = LOSSES.get(word.text)
    if cls is None:
        world.sink.add(_unknown_loss(word, e))
        return None
    outputs = network.outputs
    args = e.args if isinstance(e, ast.Call) else ()
    names = [a for a in args if a.name is None]
    rest = tuple(a for a in args if a.name is not None)
    loss = options(world, cls, word, rest)
    if loss is None:
        return None
    output, target = _names(world, word, names, network, outputs)
    if output is None:
        return None
    term = Term(weight, loss, output, target, e.span)
    whole = network.whole
    problem = None
    if whole is not None:
        problem = wrong_head(whole, term) or _wrong_copy(whole, term) or few_weights(whole, term)
    if problem is not None:
        world.sink.add(problem)
        return None
    return term


def _alone(word: ast.Ident) -> bool:
    """Whether a loss is a word alone: no term of a sum, and of nothing named."""
    text, span = word.span.source.text, word.span
    before = text[max(0, span.start - 80) : span.start].rstrip()[-1:]
    return before not in ("+", "*", "-") and text[span.end : span.end + 1] != "("


def _unknown_loss(word: ast.Ident, e: ast.Expr | None = None) -> Diagnostic:
    text = word.text.strip('"')
    guess = text if text in LOSSES else settingwords.LOSSES.get(settingwords.plain(text), "")
    guess = guess or nearest(settingwords.plain(text), tuple(LOSSES))
    if text in ("l2", "regularizer", "weight_decay") and not _alone(word):
        return UNKNOWN_LOSS.at(
            word.span,
            f"there is no loss `{text}`",
            help="small weights are the optimizer's: `optimizer adamw(weight_decay=0.01)`;"
            " of an output's error `mse`",
        )
    whole = ""
    if isinstance(e, ast.Call) and guess:
        whole = rewritten(LOSSES[guess], guess, e.args, names=True)
    return UNKNOWN_LOSS.at(
        word.span,
        f"there is no loss `{text}`" if text == word.text else "a loss is written without quotes",
        help=f"write `{whole}`"
        if whole
        else f"did you mean `{guess}`?"
        if guess
        else "there are " + ", ".join(f"`{w}`" for w in LOSSES),
        fix=_whole_fix(word, e, guess, whole),
    )


def _whole_fix(word: ast.Ident, e: ast.Expr | None, guess: str, whole: str) -> Fix | None:
    if whole and e is not None:
        return Fix(e.span, whole)
    return Fix(word.span, guess) if guess else None


def _names(
    world: World,
    word: ast.Ident,
    args: list[ast.Arg],
    network: Outline,
    outputs: tuple[str, ...],
) -> tuple[str | None, Target | None]:
    """The output that a term is of, and its target when written."""
    words = []
    for arg in args:
        assert isinstance(arg.value, ast.Ref), "else it is a formula"
        words.append(arg.value)
    if len(words) > 2:
        world.sink.add(BAD_LOSS.at(words[2].span, f"`{word.text}` compares two things"))
        return None, None
    if not words:
        if len(outputs) == 1:
            return outputs[0], None
        listed = ", ".join(outputs)
        world.sink.add(
            UNKNOWN_OUTPUT.at(
                word.span,
                f"the network has several outputs: {listed}",
                help=f"say which: `{word.text}({outputs[0]})`",
            )
        )
        return None, None
    output = find_output(world, words[0], outputs)
    target = None
    if len(words) == 2 and output is not None:
        *data, last = (ident.text for ident in words[1].names)
        name = last if data == [network.data] else words[1].text
        is_input = not data and name in network.inputs
        target = Target("input" if is_input else "field", name)
    return output, target


def _wrong_copy(network: Network, term: Term) -> Diagnostic | None:
    """The message when an input that is the target has other sizes than the output."""
    if term.target is None or term.target.kind != "input":
        return None
    graph = network.graph
    have = next(graph.types[p.value] for p in graph.outputs if p.name == term.output)
    want = next(graph.types[p.value] for p in graph.inputs if p.name == term.target.name)
    sizes = zip(have.dims, want.dims)
    if term.loss.target == "class":
        return _wrong_ids(term, have, want)
    if have.rank == want.rank and all(
        a == b or not (isinstance(a, int) and isinstance(b, int)) for a, b in sizes
    ):
        return None
    return WRONG_TARGET.at(
        term.span,
        f"the output `{term.output}` is {have}, and the input `{term.target.name}` is {want}",
        help="bring the output to the input's size",
    )


def _wrong_ids(term: Term, have: TensorType, want: TensorType) -> Diagnostic | None:
    """The message where an input is no ids, or the output gives its places no numbers."""
    assert term.target is not None
    name, output = term.target.name, term.output
    if want.dtype != "int64":
        message = f"`{term.loss.word}` compares with classes, and the input `{name}` is {want}"
        return WRONG_TARGET.at(term.span, message, help="use `mse`, `l1` or `huber` for numbers")
    sizes = zip(have.dims, want.dims)
    if have.rank == want.rank + 1 and all(
        a == b or not (isinstance(a, int) and isinstance(b, int)) for a, b in sizes
    ):
        return None
    places = ", ".join([*(show(d) for d in want.dims), "WORDS"])
    message = f"the output `{output}` is {have}, and the input `{name}` is {want}"
    help = f"give [{places}], features last: `dense(WORDS)` as the last layer"
    return WRONG_TARGET.at(term.span, message, help=help)


def find_output(world: World, ref: ast.Ref, outputs: tuple[str, ...]) -> str | None:
    """The output of that name, or None after a message."""
    if ref.text in outputs:
        return ref.text
    guess = nearest(ref.text, outputs)
    world.sink.add(
        UNKNOWN_OUTPUT.at(
            ref.span,
            f"the network has no output `{ref.text}`",
            help=f"did you mean `{guess}`?"
            if guess
            else "it gives " + ", ".join(f"`{o}`" for o in outputs),
            fix=Fix(ref.span, guess) if guess else None,
        )
    )
    return None


SEE_THROUGH = ("flatten", "reshape", "dropout")


def last_layer(graph: Graph, value: int) -> Item | None:
    """The layer that makes a value, seen through calls and layers that only move numbers."""
    makers = {v: item for item in graph.items for v in item.outputs}
    item = makers.get(value)
    while item is not None:
        at = item.outputs.index(value)
        if isinstance(item.op, Call):
            return last_layer(item.op.graph, item.op.graph.outputs[at].value)
        if item.op.word not in SEE_THROUGH or item.inputs[0] is None:
            return item
        value = item.inputs[0]
        item = makers.get(value)
    return None


def wrong_head(network: Network, term: Term) -> Diagnostic | None:
    """The message when an output ends in what its loss contains, or lacks what it wants."""
    value = next(p.value for p in network.graph.outputs if p.name == term.output)
    item = last_layer(network.graph, value)
    word = item.op.word if item is not None else ""
    loss = term.loss.word
    others = (Label(item.span, "the output ends here"),) if item is not None else ()
    if term.loss.needs == "logits" and word in ("softmax", "log_softmax", "sigmoid"):
        right = "bce" if word == "sigmoid" and loss == "bce_with_logits" else ""
        return WRONG_HEAD.at(
            term.span,
            f"`{loss}` contains its {'sigmoid' if loss == 'bce_with_logits' else 'softmax'}, "
            f"and the output ends in `{word}`",
            others=others,
            help=f"remove the `{word}`"
            + ("" if loss == "ctc" else "; the exported file gives probabilities all the same")
            + (f"; or use `{right}`" if right else ""),
            fix=None if item is None else without_step(item.span),
        )
    if term.loss.needs == "probability" and word != "sigmoid":
        span = _word_span(term.span, loss)
        return WRONG_HEAD.at(
            span,
            "`bce` wants probabilities, and the output does not end in `sigmoid`",
            others=others,
            help="use `bce_with_logits`, which contains the sigmoid",
            fix=Fix(span, "bce_with_logits"),
        )
    return None


def without_step(span: Span) -> Fix | None:
    """A step at the end of its line deleted, with the arrow before it."""
    text = span.source.text
    after = re.compile(r"(?:\([^(){}\n]*\))?(?=[ \t]*(?:[;}#\r\n]|\Z))").match(text, span.end)
    before = re.search(r"(?:\s*->\s*|\n[ \t]*)$", text[max(0, span.start - 200) : span.start])
    if after is None or before is None:
        return None
    return Fix(Span(span.source, span.start - len(before[0]), after.end()), "")


def _word_span(span: Span, word: str) -> Span:
    return Span(span.source, span.start, span.start + len(word))
