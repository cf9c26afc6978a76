"""Export blocks: AST to ExportPlan."""

from __future__ import annotations

from collections.abc import Mapping

from nnc.check.rules import UNKNOWN_NETWORK
from nnc.check.training.losses import find_output, outline
from nnc.check.training.settings import Found, collect, text_of
from nnc.check.training.training_rules import BAD_SETTING, DOUBLED_SETTING
from nnc.check.world import World
from nnc.diagnostics import Fix, Label, nearest, rule
from nnc.ir.gan import Gan
from nnc.ir.graph import Network
from nnc.ir.plan import ExportPlan
from nnc.passes.prune import prune
from nnc.passes.stepping import Blocked
from nnc.passes.streaming import stepped
from nnc.syntax import ast

SETTINGS = ("bare", "labels", "source", "outputs", "streaming")
PLANNED = ("resize", "layout", "precision", "quantize")

CANNOT_STREAM = rule(
    "NN395",
    "cannot-stream",
    """
`export X { streaming }` makes a second file, which takes a sequence one step at a time: what a step
leaves behind for the next goes out of the file and into it again. So each layer must do with what
has come so far. Recurrent layers that read forward, scans, causal attention, positions, `shift`,
and convolutions and pools behind `pad((n, 0))` keep states; layers that treat each step on its own
need none. What reads from the end, or all steps at once, does not stream.
""",
)


def check_export(
    world: World, export: ast.Export, networks: Mapping[str, Network | None], gan: Gan | None = None
) -> ExportPlan | None:
    """The plan of an export block, or None after a message; `gan` is whose players it exports."""
    before = world.sink.errors
    name = export.network.text
    if name in world.gans:
        return None if gan is None else _of_gan(world, export, gan)
    found = collect(world, "export", export.settings, SETTINGS, PLANNED)
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
    hidden = _hidden(world, found)
    for word in ("bare", "streaming"):
        if word in found and found[word].values:
            fix = Fix(found[word].span, word)
            message = f"`{word}` stands alone"
            world.sink.add(
                BAD_SETTING.at(found[word].span, message, help=f"write `{word}`", fix=fix)
            )
    outputs = _outputs(world, found.get("outputs"), networks[name], world.networks[name])
    network = networks[name]
    if "streaming" in found and network is not None and world.sink.errors == before:
        _prove_streaming(world, found["streaming"], network, outputs)
    if world.sink.errors > before:
        return None
    return ExportPlan(
        name,
        "bare" in found,
        not hidden.get("labels", False),
        not hidden.get("source", False),
        export.span,
        outputs,
        streaming="streaming" in found,
    )


def _of_gan(world: World, export: ast.Export, gan: Gan) -> ExportPlan | None:
    """Generators are exported in any case; `discriminator`, or a name, asks for scorers too."""
    before = world.sink.errors
    judges = dict.fromkeys(word for p in gan.discriminators for word in ("discriminator", p.name))
    settings = ("bare", "labels", "source", *judges)
    found = collect(world, "gan's export", export.settings, settings, PLANNED)
    hidden = _hidden(world, found)
    for word in ("bare", *judges):
        if word in found and found[word].values:
            world.sink.add(BAD_SETTING.at(found[word].span, f"`{word}` stands alone"))
    if world.sink.errors > before:
        return None
    return ExportPlan(
        gan.name,
        "bare" in found,
        not hidden.get("labels", False),
        not hidden.get("source", False),
        export.span,
        players=tuple(word for word in judges if word in found),
    )


def _hidden(world: World, found: Found) -> dict[str, bool]:
    """Which of `labels` and `source` the file leaves out."""
    hidden = {}
    for word in ("labels", "source"):
        setting = found.get(word)
        if setting is None:
            continue
        text = text_of(setting.values[0]) if len(setting.values) == 1 else None
        if text not in ("hidden", "shown"):
            world.sink.add(BAD_SETTING.at(setting.span, f"`{word}` takes `hidden` or `shown`"))
        hidden[word] = text == "hidden"
    return hidden


def _prove_streaming(
    world: World, setting: ast.Setting, network: Network, outputs: tuple[str, ...]
) -> None:
    """Reports the first layer that cannot take a sequence step by step."""
    try:
        stepped(prune(network, outputs or None))
    except Blocked as blocked:
        asked = Label(setting.span, f"`{network.name}` is to stream")
        notes = (f"the layer is {blocked.place}",) if "." in blocked.place else ()
        world.sink.add(
            CANNOT_STREAM.at(
                blocked.span, blocked.why, help=blocked.help, others=(asked,), notes=notes
            )
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
            items = e.items if isinstance(e, ast.List | ast.Tuple) else ()
            plain = bool(items) and all(i.span.text in known for i in items)
            made = ", ".join(i.span.text for i in items) if plain else ""
            help = f"write `{made}`" if made else help
            fix = Fix(e.span, made) if made else None
            world.sink.add(BAD_SETTING.at(e.span, message, help=help, fix=fix))
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
