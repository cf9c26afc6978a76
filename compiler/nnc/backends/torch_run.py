"""What stands after the classes: a network with its weights, and a first run."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from nnc.backends.torch_extras import Extras, pixels_source, reader_name
from nnc.backends.torch_text import WIDTH, laid_out, quoted
from nnc.ir.conditions import Condition, holds
from nnc.ir.dims import evaluate
from nnc.ir.graph import Network, Port
from nnc.ir.names import local_name
from nnc.ir.plan import Pixels
from nnc.ir.types import TensorType

EXAMPLE = 32  # a symbolic size of the first run is the next one that is allowed


def usage(network: Network, extras: Extras) -> str:
    """How the file is used, for its docstring."""
    run = "`python FILE [PICTURE] [WEIGHTS]`" if _picture(network, extras) else "`python FILE`"
    return f"`load()` gives it with its weights; {run} runs it once."


def closing(network: Network, name: str, extras: Extras) -> list[str]:
    """`load`, and `__main__`: runs the network, on a picture where it takes one, else on zeros."""
    picture = _picture(network, extras)
    values = _values(network, extras)
    ports = network.graph.outputs
    calling = f"model({', '.join(values.values())})"
    lines: list[str] = []
    if picture or len(calling) > WIDTH - 40:
        calling = f"model({', '.join(values)})"
        for variable, value in values.items():
            lines += laid_out(f"{variable} = {value}", "    ")
    given = "*weights" if picture else "*sys.argv[1:]"
    start = ["    picture, *weights = sys.argv[1:] or [None]"] if picture else []
    return [
        *_load(name, extras),
        "",
        "",
        'if __name__ == "__main__":',
        *start,
        "    try:",
        f"        model = load({given}).requires_grad_(False)",
        "    except Exception as error:",
        '        sys.exit(f"No weights, `nnc build` writes them: {error}")',
        *lines,
        *_shown(ports, network, extras, calling, [*values]),
    ]


def _load(name: str, extras: Extras) -> list[str]:
    file = f"Path(__file__).with_name({quoted(extras.weights)})"
    return [
        "",
        "",
        *laid_out(f"def load(weights={file}):", ""),
        f'    """{name} with the weights of a file, ready to run."""',
        "    from safetensors.torch import load_model",
        "",
        f"    model = {name}()",
        "    load_model(model, weights)",
        "    return model.eval()",
    ]


def _picture(network: Network, extras: Extras) -> Port | None:
    """The input that a picture is read for."""
    pictures = [p for p in network.graph.inputs if isinstance(extras.front(p.name), Pixels)]
    if len(pictures) != 1:
        return None
    type = network.graph.types[pictures[0].value]
    return pictures[0] if pixels_source("", pictures[0], type, Pixels((0.0,), (1.0,))) else None


def _values(network: Network, extras: Extras) -> dict[str, str]:
    """The inputs of the first run: names of variables, and what they are."""
    graph, sizes, picture = network.graph, example_sizes(network), _picture(network, extras)
    found: dict[str, str] = {}
    for port in graph.inputs:
        if port.drawn is not None and found:
            continue  # drawn by the network itself
        value = _zeros(graph.types[port.value], sizes)
        if port.measures:
            whole = next(p for p in graph.inputs if p.name == port.measures)
            value = f"torch.tensor([{evaluate(graph.types[whole.value].dims[0], sizes)}])"
        if port is picture:
            reader = reader_name("prepare", port, [p for p in graph.inputs if extras.front(p.name)])
            value = f"{reader}(picture) if picture else {value}"
        found[local_name(port.name, (*_OWN, *found))] = value
    return found


_OWN = ("model", "load", "sys", "picture", "weights", "error")


def _shown(
    ports: Sequence[Port], network: Network, extras: Extras, calling: str, taken: Sequence[str]
) -> list[str]:
    """Prints the outputs' shapes, and the labels of those that name classes."""
    types, known = network.graph.types, dict(extras.labels)
    labels = [known.get(port.name, ()) for port in ports]
    if len(ports) > 1 and not any(labels):
        names = ", ".join(quoted(port.name) for port in ports)
        loop = laid_out(f"for name, value in zip(({names}), {calling}):", "    ")
        if len(loop) > 1:
            first = laid_out(f"outputs = {calling}", "    ")
            loop = [*first, *laid_out(f"for name, value in zip(({names}), outputs):", "    ")]
        return [*loop, "        print(name, tuple(value.shape))"]
    alone = f"    print({quoted(ports[0].name)}, tuple({calling}.shape))"
    if len(ports) == 1 and not any(labels) and len(alone) <= WIDTH:
        return [alone]
    variables: list[str] = []
    for port in ports:
        variables.append(local_name(port.name, (*_OWN, *taken, *variables)))
    lines = laid_out(f"{', '.join(variables)} = {calling}", "    ")
    for port, variable, words in zip(ports, variables, labels):
        shown = [quoted(port.name), f"tuple({variable}.shape)"]
        if words and types[port.value].dims == (len(words),):
            shown.append(f"LABELS[{quoted(port.name)}][{variable}[0].argmax()]")
        lines += laid_out(f"print({', '.join(shown)})", "    ")
    return lines


def _zeros(type: TensorType, sizes: Mapping[str, int]) -> str:
    shape = ", ".join(str(evaluate(d, sizes)) for d in type.dims)
    dtype = {"int64": "torch.int64", "uint8": "torch.uint8"}.get(type.dtype)
    inside = f"1, {shape}" if shape else "1"
    return f"torch.zeros({inside}{f', dtype={dtype}' if dtype else ''})"


def example_sizes(network: Network) -> dict[str, int]:
    """A value for each symbolic size that meets the network's conditions, around 32."""
    conditions = [fact for fact in network.facts if isinstance(fact, Condition)]
    sizes: dict[str, int] = {}
    for symbol in network.symbols:
        own = [c for c in conditions if c.symbol == symbol and c.equals is None]
        near = [*range(EXAMPLE, 100 * EXAMPLE), *range(EXAMPLE - 1, 0, -1)]
        sizes[symbol] = next((n for n in near if holds(own, {symbol: n}) is None), EXAMPLE)
    for condition in conditions:
        if condition.equals is not None:
            sizes[condition.symbol] = evaluate(condition.equals, sizes)
    return sizes
