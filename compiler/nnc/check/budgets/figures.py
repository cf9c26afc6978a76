"""The figures that a budget bounds: what each is, what it depends on, and where it comes from."""

from __future__ import annotations

from collections.abc import Callable, Iterable

from nnc.ir.dims import evaluate, symbols
from nnc.ir.graph import Network
from nnc.ir.plan import TrainPlan
from nnc.ir.walk import layer_rows, totals, weight_table
from nnc.passes.memory import BYTES, kept_bytes, memory, states
from nnc.passes.onnx_size import onnx_size
from nnc.record import Record
from nnc.source import Span


class Question(Record):
    """What figures are asked of.

    Args:
        network: checked.
        sizes: numbers for its free sizes.
        batch: samples at a time, None where the budget does not say.
        plans: how it is trained.
        spec: characters of the text that the exported file carries.
        exported: what of the network is exported.
    """

    network: Network
    sizes: dict[str, int]
    batch: int | None
    plans: tuple[TrainPlan, ...]
    spec: int
    exported: Network


class Row(Record):
    """How much of a figure a layer is."""

    place: str
    amount: int
    span: Span


class Figure(Record):
    """A figure of a network.

    Args:
        word: in a budget.
        unit: "B" for bytes, "" for a count.
        kind: what it is, after its word: "is a count".
        example: of a bound.
        said: the sentence that tells it, of `{name}` and `{amount}`.
        help: what makes it smaller.
        free: the sizes without a number that it depends on.
        value: the figure.
        rows: what it is made of, by layers.
    """

    word: str
    unit: str
    kind: str
    example: str
    said: str
    help: str
    free: Callable[[Question], tuple[str, ...]]
    value: Callable[[Question], int]
    rows: Callable[[Question], Iterable[Row]]

    def told(self, amount: int) -> str:
        """An amount as a message shows it."""
        steps = (("GB", 9), ("MB", 6), ("KB", 3)) if self.unit else ((" G", 9), (" M", 6))
        for unit, power in steps:
            if amount >= 10**power:
                return f"{amount / 10**power:,.4g}{unit}" if self.unit else f"{amount:,}"
        return f"{amount:,}{' bytes' if self.unit else ''}"


def _missing(question: Question, needed: Iterable[str]) -> tuple[str, ...]:
    wanted = set(needed) - question.sizes.keys()
    order = {name: at for at, name in enumerate(question.network.symbols)}
    return tuple(sorted(wanted, key=lambda name: (order.get(name, len(order)), name)))


def _of_weights(question: Question) -> tuple[str, ...]:
    rows = weight_table(question.network)
    return _missing(question, (s for row in rows for d in row.weight.dims for s in symbols(d)))


def _of_work(question: Question) -> tuple[str, ...]:
    return _missing(question, symbols(totals(question.network).macs))


def _of_values(question: Question) -> tuple[str, ...]:
    return _missing(question, question.network.symbols)


def _of_training(question: Question) -> tuple[str, ...]:
    missing = _of_values(question)
    batch = question.batch is None and not question.plans
    return (*missing, "batch") if batch else missing


def _weights(question: Question) -> int:
    return evaluate(totals(question.network).weights, question.sizes)


def _macs(question: Question) -> int:
    return evaluate(totals(question.network).macs, question.sizes)


def _onnx(question: Question) -> int:
    return onnx_size(question.exported, question.sizes, question.spec).total


def _memory(question: Question) -> int:
    return memory(question.network, question.sizes, question.batch or 1).run


def _training(question: Question) -> int:
    network, sizes = question.network, question.sizes
    plans = question.plans or (None,)
    return max(
        memory(network, sizes, question.batch or (plan.batch if plan else 1), plan).train
        for plan in plans
    )


def _weight_rows(question: Question) -> Iterable[Row]:
    for row in layer_rows(question.network):
        yield Row(row.place, evaluate(row.weights, question.sizes), row.span)


def _work_rows(question: Question) -> Iterable[Row]:
    for row in layer_rows(question.network):
        yield Row(row.place, evaluate(row.macs, question.sizes), row.span)


def _file_rows(question: Question) -> Iterable[Row]:
    for step, count in onnx_size(question.exported, question.sizes, 0).steps:
        yield Row(step.place, count, step.item.span)


def _value_rows(question: Question) -> Iterable[Row]:
    batch = question.batch or 1
    for row in layer_rows(question.network):
        cells = sum(
            evaluate(t.elements, question.sizes) * BYTES[t.dtype] * batch for t in row.outputs
        )
        yield Row(row.place, cells + 4 * evaluate(row.weights, question.sizes), row.span)


def _kept_rows(question: Question) -> Iterable[Row]:
    batch = question.batch or max((plan.batch for plan in question.plans), default=1)
    more = 2 + max(n for plan in question.plans or (None,) for n in states(plan).values())
    learned = {row.place: row.weights for row in layer_rows(question.network)}
    for step, count in kept_bytes(question.network, question.sizes, batch):
        own = evaluate(learned.get(step.place, 0), question.sizes)
        yield Row(step.place, count + own * 4 * more, step.item.span)


_SMALLER = "fewer channels or units, or share weights"
_LESS = "pool or stride earlier, or use fewer channels"

FIGURES = {
    figure.word: figure
    for figure in (
        Figure(
            "weights",
            "",
            "are a count",
            "5M",
            "`{name}` has {amount} weights",
            _SMALLER,
            _of_weights,
            _weights,
            _weight_rows,
        ),
        Figure(
            "macs",
            "",
            "are a count of multiply-adds",
            "600M",
            "`{name}` takes {amount} multiply-adds",
            _LESS,
            _of_work,
            _macs,
            _work_rows,
        ),
        Figure(
            "onnx",
            "B",
            "is the size of a file, in bytes",
            "20MB",
            "the ONNX file of `{name}` is {amount}",
            _SMALLER,
            _of_weights,
            _onnx,
            _file_rows,
        ),
        Figure(
            "memory",
            "B",
            "is an amount of bytes",
            "1GB",
            "`{name}` runs in {amount} of memory",
            _LESS,
            _of_values,
            _memory,
            _value_rows,
        ),
        Figure(
            "train_memory",
            "B",
            "is an amount of bytes",
            "8GB",
            "a step of training `{name}` takes {amount} of memory",
            "use a smaller batch, or pool or stride earlier",
            _of_training,
            _training,
            _kept_rows,
        ),
    )
}
