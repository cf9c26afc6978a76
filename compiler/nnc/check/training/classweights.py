"""Whether a loss has as many class weights as there are classes."""

from __future__ import annotations

import re
from collections.abc import Sequence

from nnc.check.training.training_rules import CLASS_WEIGHTS
from nnc.diagnostics import Diagnostic
from nnc.ir.graph import Network
from nnc.ir.plan import Term
from nnc.source import Span


def few_weights(network: Network, term: Term) -> Diagnostic | None:
    """The message where no axis of the output has as many classes as there are weights."""
    type = next(
        network.graph.types[p.value] for p in network.graph.outputs if p.name == term.output
    )
    ends = (type.dims[0], type.dims[-1]) if type.rank else ()
    known = [size for size in ends if isinstance(size, int)]
    return class_weights(term, known) if known and len(known) == len(ends) else None


def class_weights(term: Term, classes: Sequence[int]) -> Diagnostic | None:
    """The message where there are as many class weights as none of these numbers of classes."""
    given = getattr(term.loss, "class_weights", None)
    if given is None or given == "balanced":
        return None
    count = len(given) if isinstance(given, tuple | list) else 1
    if count in classes:
        return None
    found = re.search(r"class_weights\s*=\s*([\[(][^\[\]()]*[\])])", term.span.text)
    start = term.span.start
    place = Span(term.span.source, start + found.start(1), start + found.end(1)) if found else None
    return CLASS_WEIGHTS.at(
        place or term.span,
        f"{count} class weight{'' if count == 1 else 's'} for {classes[0]} classes",
        help=f"write {classes[0]} numbers, or `balanced`",
    )
