"""`nnc layers`: the reference of layers, made from their declarations."""

from __future__ import annotations

import click

from nnc.check.training.words import WORDS
from nnc.cli.console import Console
from nnc.cli.failures import unusable
from nnc.cli.verb import json_option, verb
from nnc.diagnostics import nearest
from nnc.ir.arguments import Declared
from nnc.ir.initial import INITS
from nnc.ir.training import LOSSES, METRICS, OPTIMIZERS, SCHEDULES
from nnc.layers import LAYERS
from nnc.render.json import document
from nnc.render.reference import (
    declared_json,
    declared_text,
    layers_text,
    word_json,
    word_text,
    written,
)


@verb("layers")
@click.argument("name", required=False)
@json_option
def command(console: Console, name: str | None) -> None:
    """List the layers, or tell all about one.

    NAME may also be a loss, an optimizer, a schedule, a metric, a distribution of initial weights,
    a data source, a setting of data or train blocks, or an augmentation.
    """
    layers = written(LAYERS)
    if name is None:
        if console.json:
            console.result(document(layers=[declared_json(w, of) for w, of in layers.items()]))
        else:
            console.result(layers_text(LAYERS, console.out))
        return
    tables: tuple[dict[str, type[Declared]], ...] = (
        {**layers, **({name: LAYERS[name]} if name in LAYERS else {})},  # also hidden ones
        {**LOSSES},
        {**OPTIMIZERS},
        {**SCHEDULES},
        {**METRICS},
        {**INITS},
    )
    found = [table[name] for table in tables if name in table]
    words = [table[name] for table in WORDS if name in table]
    if not found and not words:
        known = [word for table in tables for word in table]
        meant = nearest(name, known + [word for table in WORDS for word in table])
        hint = f"did you mean `{meant}`?" if meant else "`nnc layers` lists them"
        raise unusable(f"there is no layer `{name}`", help=hint)
    if console.json:
        told = [declared_json(name, of) for of in found] + [word_json(name, w) for w in words]
        console.result(document(layers=told))
    else:
        texts = [declared_text(name, of, console.out) for of in found]
        console.result("\n".join([*texts, *(word_text(name, w, console.out) for w in words)]))
