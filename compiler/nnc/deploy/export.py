"""From a network and its weights to a file that was run before it is handed over."""

from __future__ import annotations

import os
from collections.abc import Mapping
from hashlib import sha256
from pathlib import Path
from typing import Protocol

from nnc.backends.arrays import Array
from nnc.backends.onnx_file import LARGEST, OnnxModel, with_metadata, write_model
from nnc.backends.onnx_graph import onnx_model
from nnc.backends.onnx_metadata import Parity as Held
from nnc.backends.onnx_metadata import after_run
from nnc.backends.onnx_schema import OPSET
from nnc.backends.weights import layout
from nnc.check.training.exports import CANNOT_STREAM
from nnc.deploy.about import STEPS
from nnc.deploy.lively import lively
from nnc.deploy.meanings import Recipe, doc, entries
from nnc.deploy.parity import TOLERANCE, Differs, Parity
from nnc.deploy.rules import place as spot
from nnc.diagnostics import Diagnostic, Refusal
from nnc.ir.graph import Network
from nnc.ir.types import TensorType
from nnc.passes.inference import Ends, ends, inference
from nnc.passes.stepping import Blocked
from nnc.passes.streaming import Stepped, stepped
from nnc.record import Record, replace

WEIGHTS = "weights.safetensors"


class Proof(Protocol):
    """Compares a file with PyTorch; only who proves loads that."""

    def __call__(
        self,
        network: Network,
        weights: Mapping[str, Array],
        model: OnnxModel | Path,
        *,
        around: Ends,
        tolerance: float,
        seed: int,
    ) -> Parity:
        """How far the file is from the network with its ends."""
        ...


class ExportedFile(Record):
    """A file that was written.

    Args:
        bytes: of all its files.
        parity: None where it was not verified.
        described: inputs and outputs, `image uint8[batch,1,28,28] -> digit, digit_probability`.
        opset, nodes: of the graph.
    """

    path: Path
    bytes: int
    parity: Parity | None
    described: str
    opset: int
    nodes: int


class Prepared(Record):
    """A model in memory, with what it is compared by."""

    model: OnnxModel
    around: Ends
    described: str
    opset: int

    @property
    def nodes(self) -> int:
        """How many nodes the graph has."""
        return self.model.nodes


def file_name(recipe: Recipe, *, trained: bool, alone: bool = True) -> str:
    """`model.onnx`, `<network>.onnx` where there are several, `<network>.untrained.onnx`."""
    if recipe.role is not None:
        return recipe.role.file(trained)
    name = recipe.network.graph.name
    if not trained:
        return f"{name}.untrained.onnx"
    return "model.onnx" if alone else f"{name}.onnx"


def around_of(recipe: Recipe) -> Ends:
    """What is put before and behind the network."""
    if recipe.role is not None:
        return recipe.role.ends(recipe.network, bare=recipe.bare)
    if recipe.plan is None or recipe.profile is None or recipe.plan.binding is None:
        return Ends()
    found = ends(recipe.plan, (recipe.profile,))
    return Ends((), found.scales, found.heads) if recipe.bare else found


def streams(recipe: Recipe) -> bool:
    """Whether a file that takes one step at a time is asked for."""
    return recipe.export is not None and recipe.export.streaming


def step_path(path: Path) -> Path:
    """Where that file lies: `step.onnx` beside `model.onnx`, else `NAME.step.onnx`."""
    return path.with_name(STEPS if path.name == "model.onnx" else f"{path.stem}.step.onnx")


def prepare(
    recipe: Recipe,
    weights: Mapping[str, Array],
    *,
    trained: bool,
    opset: int = OPSET,
    steps: bool = False,
) -> Prepared:
    """The model of a network with its ends and metadata, in memory.

    Args:
        steps: the network of one step of a sequence.

    Raises:
        Refusal: a layer cannot be written with the opset, or a size is not known, or what is before
            and behind the network does not go step by step.
    """
    around = around_of(recipe)
    whole = inference(recipe.network, around)
    stream = _stepped(whole) if steps else None
    said = entries(recipe, whole, around, weights, trained, stream)
    written = whole if stream is None else stream.network
    model = onnx_model(written, weights, opset=opset, doc=doc(recipe), metadata=said)
    types, kept = whole.graph.types, 0
    if stream is not None:
        types, kept = stream.network.graph.types, len(stream.states)
    ports = [p for p in written.graph.inputs if "." not in p.name]
    inputs = ", ".join(f"{p.name} {_shape(types[p.value])}" for p in ports)
    outputs = ", ".join(p.name for p in whole.graph.outputs)
    if kept:
        states = f"{kept} states" if kept > 1 else "1 state"
        inputs, outputs = f"{inputs}, {states}", f"{outputs}, {states}"
    return Prepared(model, around, f"{inputs} -> {outputs}", opset)


def _stepped(whole: Network) -> Stepped:
    try:
        return stepped(whole)
    except Blocked as blocked:
        said = CANNOT_STREAM.at(blocked.span, blocked.why, help=blocked.help)
        raise Refusal(said) from None


def export_network(
    recipe: Recipe,
    weights: Mapping[str, Array],
    path: Path,
    *,
    trained: bool = True,
    opset: int = OPSET,
    proof: Proof | None,
    tolerance: float = TOLERANCE,
    seed: int = 0,
    steps: bool = False,
) -> ExportedFile:
    """Writes an ONNX file that was compared with PyTorch; it appears at its path only then.

    Args:
        path: of the file; its folder exists.
        proof: `nnc.deploy.verify.verify`, or `verify_steps.verify_steps`; None writes it unproved,
            which needs no PyTorch.
        steps: the file takes one step of a sequence at a time.

    Raises:
        Differs: it differs from PyTorch by more than the tolerance; no file is left.
        Refusal: it cannot be exported, or ONNX Runtime is missing.
        OSError: the folder cannot be written.
    """
    if proof is not None and not trained:  # weights as they start may prove nothing
        _prove_lively(recipe, weights, proof, opset, tolerance, seed, path, steps)
    made = prepare(recipe, weights, trained=trained, opset=opset, steps=steps)
    # Above the limit weights lie beside it under a name of its own: it is written in place.
    staged = made.model.size <= LARGEST
    place = path.with_name(f".{path.name}.{os.getpid()}.unproved") if staged else path
    parity = None
    try:
        files = write_model(made.model, place, stored=None if staged else _stored(path))
        if proof is not None:
            parity = proof(
                recipe.network, weights, place, around=made.around, tolerance=tolerance, seed=seed
            )
            if not parity.verified:
                raise Differs(parity, path)
            with_metadata(place, after_run(Held(tolerance, True), ()))
        if staged:
            os.replace(place, path)
    except BaseException as error:
        for file in (place, *(() if staged else (path.with_name(path.name + ".data"),))):
            file.unlink(missing_ok=True)
        if isinstance(error, Refusal):  # nobody asked for the file beside it that was tried
            error.diagnostics = tuple(_named(d, place, path) for d in error.diagnostics)
        raise
    files = tuple(path if file == place else file for file in files)
    return described_file(path, files, made, parity)


def _prove_lively(
    recipe: Recipe,
    weights: Mapping[str, Array],
    proof: Proof,
    opset: int,
    tolerance: float,
    seed: int,
    path: Path,
    steps: bool,
) -> None:
    """Compares the network with weights that let its output tell of its input."""
    alive = lively(weights, seed)
    made = prepare(recipe, alive, trained=False, opset=opset, steps=steps)
    around, model = made.around, made.model
    held = proof(recipe.network, alive, model, around=around, tolerance=tolerance, seed=seed)
    if not held.verified:
        raise Differs(held, path)


def _named(told: Diagnostic, tried: Path, path: Path) -> Diagnostic:
    """The same message about the file that was asked for."""
    if told.span.source.name != spot(tried).source.name:
        return told
    message = told.message.replace(tried.name, path.name)
    notes = tuple(note.replace(str(tried), str(path)) for note in told.notes)
    labels = (replace(told.labels[0], span=spot(path)), *told.labels[1:])
    return replace(told, labels=labels, message=message, notes=notes)


def described_file(
    path: Path, files: tuple[Path, ...], made: Prepared, parity: Parity | None
) -> ExportedFile:
    """What was written, as it is on disk now."""
    size = sum(file.stat().st_size for file in files)
    return ExportedFile(path, size, parity, made.described, made.opset, made.nodes)


def record_results(file: ExportedFile, metrics: Mapping[str, float]) -> ExportedFile:
    """Writes results into the file's metadata; the graph and its weights keep their bytes.

    Raises:
        OSError: the folder cannot be written.
    """
    held = None if file.parity is None else Held(file.parity.tolerance, file.parity.verified)
    before = file.path.stat().st_size
    with_metadata(file.path, after_run(held, tuple(metrics.items())))
    grown = file.path.stat().st_size - before
    return replace(file, bytes=file.bytes + grown)


def file_digest(path: Path) -> str:
    """SHA-256 of a file as it is on disk now, hexadecimal; reads all of it."""
    whole = sha256()
    with path.open("rb") as file:
        while part := file.read(1 << 22):
            whole.update(part)
    return whole.hexdigest()


def _stored(path: Path) -> tuple[str, Mapping[str, tuple[int, int]]] | None:
    """The file of weights beside the model, for models too large for one piece."""
    weights = path.with_name(WEIGHTS)
    return (WEIGHTS, layout(weights)) if weights.is_file() else None


def _shape(type: TensorType) -> str:
    kind = {"float32": "", "int64": "int64"}.get(type.dtype, type.dtype)
    return f"{kind}[{','.join(['batch', *(str(d) for d in type.dims)])}]"
