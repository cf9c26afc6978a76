"""What stands before the classes: labels, and reading an input as the network wants it."""

from __future__ import annotations

from collections.abc import Sequence

from nnc.backends.torch_text import WIDTH, constant, docstring, laid_out, quoted
from nnc.ir.dims import show
from nnc.ir.graph import Network, Port
from nnc.ir.names import local_name
from nnc.ir.plan import Categories, Front, Pixels, Scale
from nnc.ir.types import TensorType
from nnc.record import Record


class Extras(Record):
    """What is known of a network beside its graph.

    Args:
        spec: the spec's file name as written.
        sha256: of its text, hexadecimal.
        labels: for each output that names classes, their names in order.
        fronts: for each input, how raw values become network numbers; for an output, the scale that
            is undone.
        sizes: for each input of pictures, the (height, width) that training brought them to.
        weights: the file of weights that `load` reads, beside the source.
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
        called = reader_name("prepare", port, inputs)
        if isinstance(front, Pixels):
            lines += pixels_source(called, port, type, front, dict(extras.sizes).get(port.name, ()))
        elif isinstance(front, Scale):
            lines += _scale(called, port, type, front)
        elif isinstance(front, Categories):
            lines += _categories(called, port, type, front)
    for port in graph.outputs:
        front = extras.front(port.name)
        if isinstance(front, Scale):
            lines += _restore(f"restore_{local_name(port.name, ())}", port, front)
    return lines


def reader_name(word: str, port: Port, among: Sequence[Port]) -> str:
    """What the function for an input is called, among those that have one."""
    return word if len(among) == 1 else f"{word}_{local_name(port.name, ())}"


def pixels_source(
    called: str, port: Port, type: TensorType, front: Pixels, trained: tuple[int, ...] = ()
) -> list[str]:
    """The function that reads a picture; none where the input is no picture."""
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
