"""Export blocks: AST to ExportPlan."""

from __future__ import annotations

from collections.abc import Mapping

from nnc.check.losses import find_output, outline
from nnc.check.rules import UNKNOWN_NETWORK
from nnc.check.settings import collect, text_of
from nnc.check.training_rules import BAD_SETTING, DOUBLED_SETTING
from nnc.check.world import World
from nnc.diagnostics import Label, nearest
from nnc.ir.graph import Network
from nnc.ir.plan import ExportPlan
from nnc.syntax import ast

SETTINGS = ("bare", "labels", "source", "outputs")
PLANNED = ("streaming", "resize", "layout", "precision", "quantize")


def check_export(
    world: World, export: ast.Export, networks: Mapping[str, Network | None]
) -> ExportPlan | None:
    """The plan of an export block, or None after a message."""
    before = world.sink.errors
    found = collect(world, "export", export.settings, SETTINGS, PLANNED)
    name = export.network.text
    if name not in networks:
        guess = nearest(name, tuple(networks))
        world.sink.add(
            UNKNOWN_NETWORK.at(
                export.network.span,
                f"no network is called `{name}`",
                help=f"did you mean `{guess}`?"
                if guess
                else "there are: " + ", ".join(networks)
                if networks
                else "",
            )
        )
        return None
    hidden = {}
    for word in ("labels", "source"):
        setting = found.get(word)
        if setting is None:
            continue
        text = text_of(setting.values[0]) if len(setting.values) == 1 else None
        if text not in ("hidden", "shown"):
            world.sink.add(BAD_SETTING.at(setting.span, f"`{word}` takes `hidden` or `shown`"))
        hidden[word] = text == "hidden"
    if "bare" in found and found["bare"].values:
        world.sink.add(BAD_SETTING.at(found["bare"].span, "`bare` stands alone"))
    outputs = _outputs(world, found.get("outputs"), networks[name], world.networks[name])
    if world.sink.errors > before:
        return None
    return ExportPlan(
        name,
        "bare" in found,
        not hidden.get("labels", False),
        not hidden.get("source", False),
        export.span,
        outputs,
    )


def _outputs(
    world: World, setting: ast.Setting | None, network: Network | None, declared: ast.Network
) -> tuple[str, ...]:
    """The outputs that the file keeps, in the network's order; () for all of them."""
    if setting is None:
        return ()
    known = outline(network, declared).outputs
    if not setting.values:
        world.sink.add(
            BAD_SETTING.at(
                setting.span,
                "`outputs` names what the file gives",
                help="there are " + ", ".join(f"`{o}`" for o in known),
            )
        )
    named: dict[str, ast.Expr] = {}
    for e in setting.values:
        if not isinstance(e, ast.Ref):
            message = "`outputs` takes names of outputs"
            help = f"for example `outputs {known[0]}`" if known else ""
            world.sink.add(BAD_SETTING.at(e.span, message, help=help))
        elif find_output(world, e, known) is not None:
            first = named.setdefault(e.text, e)
            if first is not e:
                world.sink.add(
                    DOUBLED_SETTING.at(
                        e.span,
                        f"`{e.text}` stands twice",
                        others=(Label(first.span, "the first"),),
                    )
                )
    return tuple(output for output in known if output in named)
