"""What stands around the classes: labels, reading an input as the network wants it, a first run."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from nnc.backends.torch_text import WIDTH, constant, docstring, laid_out, quoted
from nnc.ir.conditions import Condition, holds
from nnc.ir.dims import evaluate, show
from nnc.ir.graph import Network, Port
from nnc.ir.names import local_name
from nnc.ir.plan import Categories, Front, Pixels, Scale
from nnc.ir.types import TensorType
from nnc.record import Record

EXAMPLE = 32  # a symbolic size of the first run is the next one that is allowed


class Extras(Record):
    """What is known of a network beside its graph.

    Args:
        spec: the spec's file name as written.
        sha256: of its text, hexadecimal.
        labels: for each output that names classes, their names in order.
        fronts: for each input, how raw values become network numbers; for an output, the scale that
            is undone.
        sizes: for each input of pictures, the (height, width) that training brought them to.
        weights: the file of weights that `__main__` loads, beside the source.
    """

    spec: str = ""
    sha256: str = ""
    labels: tuple[tuple[str, tuple[str, ...]], ...] = ()
    fronts: tuple[tuple[str, Front], ...] = ()
    weights: str = "weights.safetensors"
    sizes: tuple[tuple[str, tuple[int, ...]], ...] = ()

    def front(self, name: str) -> Front | None:
        """How the raw values of an input become network numbers."""
        return dict(self.fronts).get(name)


def labels(network: Network, extras: Extras) -> list[str]:
    """`LABELS`: for each output the names of its classes."""
    outputs = {port.name for port in network.graph.outputs}
    known = [(name, words) for name, words in extras.labels if name in outputs]
    return _table("LABELS", known) if known else []


def _table(name: str, rows: Sequence[tuple[str, Sequence[str]]]) -> list[str]:
    """A dictionary of lists of strings, filled line by line."""
    entries = [(quoted(key), ", ".join(quoted(word) for word in words)) for key, words in rows]
    whole = ", ".join(f"{key}: [{words}]" for key, words in entries)
    if len(name) + len(whole) + 5 <= WIDTH:
        return [f"{name} = {{{whole}}}"]
    lines = ["# fmt: off", f"{name} = {{"]
    for (key, _), (_, words) in zip(entries, rows):
        lines.append(f"    {key}: [")
        row = " " * 7
        for word in words:
            text = f" {quoted(word)},"
            if len(row) + len(text) > WIDTH and row.strip():
                lines.append(row)
                row = " " * 7
            row += text
        lines += [row, "    ],"]
    return [*lines, "}", "# fmt: on"]


# --- reading inputs ------------------------------------------------------------------------------


def prepare(network: Network, extras: Extras) -> list[str]:
    """`prepare` for inputs whose raw values are known, `restore` for outputs in scaled units."""
    graph = network.graph
    inputs = [port for port in graph.inputs if extras.front(port.name)]
    lines: list[str] = []
    for port in inputs:
        type, front = graph.types[port.value], extras.front(port.name)
        called = _function("prepare", port, inputs)
        if isinstance(front, Pixels):
            lines += _pixels(called, port, type, front, dict(extras.sizes).get(port.name, ()))
        elif isinstance(front, Scale):
            lines += _scale(called, port, type, front)
        elif isinstance(front, Categories):
            lines += _categories(called, port, type, front)
    for port in graph.outputs:
        front = extras.front(port.name)
        if isinstance(front, Scale):
            lines += _restore(f"restore_{local_name(port.name, ())}", port, front)
    return lines


def _function(word: str, port: Port, among: Sequence[Port]) -> str:
    return word if len(among) == 1 else f"{word}_{local_name(port.name, ())}"


def _pixels(
    called: str, port: Port, type: TensorType, front: Pixels, trained: tuple[int, ...] = ()
) -> list[str]:
    if type.rank != 3 or not all(isinstance(d, int) for d in (*type.dims[:1],)):
        return []
    channels, height, width = type.dims
    known = isinstance(height, int) and isinstance(width, int)
    mode = {1: "L", 3: "RGB", 4: "RGBA"}.get(int(channels) if isinstance(channels, int) else 0)
    if mode is None:
        return []
    shape = ", ".join(["1", *map(show, type.dims)])
    open_size = len(trained) == 2 and not known
    about = [f"Reads a picture as {local_name(port.name, ())} [{shape}]."]
    if open_size:
        about.append("`size` is (height, width), by default that of training; None: its own.")
    lines = [
        f"def {called}(path, size={trained}):" if open_size else f"def {called}(path):",
        *docstring(about, "    "),
        "    from PIL import Image, ImageOps",
        "",
        "    picture = ImageOps.exif_transpose(Image.open(path))",
        '    if picture.mode.startswith("I"):  # 16 bits of grey',
        '        picture = picture.convert("I").point(lambda v: v * (1 / 257) + 0.5).convert("L")',
    ]
    if channels != 4:
        lines += [
            '    if "A" in picture.getbands() or "transparency" in picture.info:',
            '        picture = picture.convert("RGBA")',
            '        white = Image.new("RGBA", picture.size, "white")',
            '        picture = Image.alpha_composite(white, picture).convert("RGB")',
        ]
    if channels == 1:
        lines += [
            '    if picture.mode not in ("1", "L", "RGB"):',
            '        picture = picture.convert("RGB")',
        ]
    lines.append(f'    picture = picture.convert("{mode}")')
    if known:
        lines += _resized(front.fit, f"({width}, {height})")
    elif open_size:
        lines += ["    if size is not None:", "        height, width = size"]
        lines += ["    " + line for line in _resized(front.fit, "(width, height)")]
    size = f"{height}, {width}" if known else "picture.height, picture.width"
    lines.append("    pixels = torch.frombuffer(bytearray(picture.tobytes()), dtype=torch.uint8)")
    made = f"pixels.reshape(1, {size}, {channels}).permute(0, 3, 1, 2) / 255"
    before, scaled = _scaled("x", front.mean, front.std, channels=True)
    if scaled == "x":
        return ["", "", *lines, f"    return {made}"]
    return ["", "", *lines, f"    x = {made}", *before, f"    return {scaled}"]


def _resized(fit: str, size: str) -> list[str]:
    """The picture at its size, with antialias."""
    filter = "Image.Resampling.BILINEAR"
    if fit == "stretch":
        return [f"    picture = picture.resize({size}, {filter})"]
    if fit == "pad":
        width, height = size[1:-1].split(", ")
        return [
            f"    scale = min({width} / picture.width, {height} / picture.height)",
            "    inner = [max(1, round(side * scale)) for side in picture.size]",
            f"    canvas = Image.new(picture.mode, {size})",
            f"    corner = (({width} - inner[0]) // 2, ({height} - inner[1]) // 2)",
            f"    canvas.paste(picture.resize(inner, {filter}), corner)",
            "    picture = canvas",
        ]
    return [f"    picture = ImageOps.fit(picture, {size}, {filter})"]


def _numbers(name: str, values: Sequence[float], channels: bool) -> tuple[list[str], str]:
    """One number as it is; several as a tensor of that name, and the lines that make it."""
    if len(set(values)) == 1:
        return [], constant(values[0])
    inside = ", ".join(constant(v) for v in values)
    tensor = f"torch.tensor([{inside}]){'.reshape(-1, 1, 1)' if channels else ''}"
    return laid_out(f"{name} = {tensor}", "    "), name


def _scaled(
    x: str, mean: Sequence[float], std: Sequence[float], *, channels: bool
) -> tuple[list[str], str]:
    """`(x - mean) / std`, shorter where that does nothing, and the lines that come before."""
    means, mean_text = _numbers("mean", mean, channels)
    stds, std_text = _numbers("std", std, channels)
    text = x if set(mean) == {0.0} else f"{x} - {mean_text}"
    if set(std) != {1.0}:
        text = f"{text if text == x else f'({text})'} / {std_text}"
    return [*means, *stds], text


def _columns(names: Sequence[str]) -> list[str]:
    """What the columns are, as a comment that a person can read."""
    text = "    # columns: " + ", ".join(quoted(name) for name in names)
    return [text] if names and len(text) <= WIDTH else []


def _scale(called: str, port: Port, type: TensorType, front: Scale) -> list[str]:
    missing = front.missing or front.mean
    about = f"Rows of {local_name(port.name, ())}, NaN where missing, as the network wants them."
    filling, fill = _numbers("missing", missing, channels=False)
    before, scaled = _scaled("x", front.mean, front.std, channels=False)
    lines = [
        f"def {called}(rows):",
        *docstring([about], "    "),
        *_columns(front.columns),
        "    x = torch.as_tensor(rows, dtype=torch.float32)",
        *filling,
        f"    x = torch.where(x.isnan(), {fill}, x)",
        *before,
        f"    return {scaled}",
    ]
    return ["", "", *lines]


def _restore(called: str, port: Port, front: Scale) -> list[str]:
    means, mean = _numbers("mean", front.mean, channels=False)
    stds, std = _numbers("std", front.std, channels=False)
    about = f"The output {local_name(port.name, ())} in the units of the data."
    head = [f"def {called}(y):", *docstring([about], "    ")]
    return ["", "", *head, *means, *stds, f"    return y * {std} + {mean}"]


def _categories(called: str, port: Port, type: TensorType, front: Categories) -> list[str]:
    table = f"{local_name(port.name, ()).upper()}_VALUES"
    single = type.rank == 0
    about = "Words as ids, 0 for one that is unknown or missing" + ("." if single else ", by row.")
    value = "values.index(v) + 1 if v in values else 0"
    if single:
        lines = [
            f"    (values,) = {table}.values()",
            f"    return torch.tensor([{value} for v in words])",
        ]
    else:
        lines = [
            f"    columns = list({table}.values())",
            f"    ids = [[{value} for v, values in zip(row, columns)] for row in words]",
            "    return torch.tensor(ids)",
        ]
    rows = list(zip(front.columns, front.values))
    return [
        "",
        "",
        *_table(table, rows),
        "",
        "",
        f"def {called}(words):",
        f'    """{about}"""',
        *lines,
    ]


# --- a first run ---------------------------------------------------------------------------------


def closing(network: Network, name: str, extras: Extras) -> list[str]:
    """`__main__`: loads the weights and runs the network, on a picture where it takes one."""
    graph, sizes = network.graph, example_sizes(network)
    pictures = [p for p in graph.inputs if isinstance(extras.front(p.name), Pixels)]
    readable = len(pictures) == 1 and bool(
        _pixels("", pictures[0], graph.types[pictures[0].value], Pixels((0.0,), (1.0,)))
    )
    taken: list[str] = ["model", "args", "parser"]
    inputs: list[str] = []
    lines: list[str] = []
    for port in graph.inputs:
        if port.drawn is not None and inputs:
            continue  # drawn by the network itself
        variable = local_name(port.name, taken)
        taken.append(variable)
        inputs.append(variable)
        zeros = _zeros(graph.types[port.value], sizes)
        if port.measures:
            whole = next(p for p in graph.inputs if p.name == port.measures)
            zeros = f"torch.tensor([{evaluate(graph.types[whole.value].dims[0], sizes)}])"
        if readable and port in pictures:
            reader = _function("prepare", port, [p for p in graph.inputs if extras.front(p.name)])
            zeros = f"{reader}(args.picture) if args.picture else {zeros}"
        lines += laid_out(f"{variable} = {zeros}", "    ")
    outputs = []
    for port in graph.outputs:
        outputs.append(local_name(port.name, taken))
        taken.append(outputs[-1])
    about = f"Runs {name} on {'a picture, or on zeros' if readable else 'zeros'}."
    picture = ['    parser.add_argument("picture", nargs="?")'] if readable else []
    weights = f"default=Path(__file__).with_name({quoted(extras.weights)})"
    called = [
        *laid_out(f"{', '.join(outputs)} = model({', '.join(inputs)})", "        "),
    ]
    return [
        "",
        "",
        'if __name__ == "__main__":',
        "    from safetensors.torch import load_model",
        "",
        *laid_out(f"parser = argparse.ArgumentParser(description={quoted(about)})", "    "),
        *picture,
        f'    parser.add_argument("--weights", {weights})',
        "    args = parser.parse_args()",
        f"    model = {name}().eval()",
        "    load_model(model, args.weights)",
        *lines,
        "    with torch.inference_mode():",
        *called,
        *_shown(network, extras, outputs),
    ]


def _shown(network: Network, extras: Extras, variables: Sequence[str]) -> list[str]:
    lines: list[str] = []
    known = dict(extras.labels)
    for port, variable in zip(network.graph.outputs, variables):
        shown = [quoted(port.name), f"tuple({variable}.shape)"]
        words = known.get(port.name, ())
        if words and network.graph.types[port.value].dims == (len(words),):
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
