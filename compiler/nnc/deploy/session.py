"""The one door to ONNX Runtime: a model is looked at before it is loaded."""

from __future__ import annotations

import os
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

import numpy as np
import numpy.typing as npt

from nnc.backends.weights import NO_PACKAGE
from nnc.deploy.about import About, about
from nnc.deploy.look import look
from nnc.deploy.noise import LATENT, Dice
from nnc.deploy.rules import BROKEN_MODEL, CANNOT_RUN, REFUSED_MODEL, WRONG_INPUT, place, refusal
from nnc.diagnostics import Refusal
from nnc.ir.conditions import holds
from nnc.record import Record
from nnc.train.data.limits import most_bytes
from nnc.train.jsonfile import BadFile

if TYPE_CHECKING:
    from types import ModuleType

Array = npt.NDArray[np.generic]

DTYPES = {
    "tensor(float)": "float32",
    "tensor(double)": "float64",
    "tensor(float16)": "float16",
    "tensor(int64)": "int64",
    "tensor(int32)": "int32",
    "tensor(uint8)": "uint8",
    "tensor(bool)": "bool",
    "tensor(string)": "string",
}


class Port(Record):
    """An input or output of a file: its name, element type, and sizes; names stand for free ones.

    `dims` begin with the batch.
    """

    name: str
    dtype: str
    dims: tuple[int | str, ...]

    @property
    def described(self) -> str:
        """`uint8[batch,1,28,28]`; float32 is not written."""
        kind = "" if self.dtype == "float32" else self.dtype
        return f"{kind}[{','.join(str(d) for d in self.dims)}]"


class _Node(Protocol):
    """What ONNX Runtime, which ships no types, says of an input or output."""

    name: str
    type: str
    shape: list[int | str | None]


class Session:
    """A model, loaded.

    Attributes:
        inputs, outputs: of the file, in order.
        fed: the inputs that a caller must give: noise is drawn where it is left out.
        about: what its metadata say.

    Args:
        model: a file, or its bytes.
        threads: of the CPU, 0 for what the machine has.
        guarded: a stranger may have written the file: its memory is limited.

    Raises:
        Refusal: it is no model, asks for too much, ONNX Runtime does not take it or is missing.
        OSError: the file cannot be opened.
    """

    def __init__(
        self, model: Path | bytes, *, threads: int = 0, guarded: bool = True, name: str = ""
    ) -> None:
        self.name = name or (model.name if isinstance(model, Path) else "model")
        self._where = model if isinstance(model, Path) else self.name
        looked = look(model)
        runtime = _runtime(self.name)
        options = runtime.SessionOptions()
        options.log_severity_level = 4  # what is wrong is told by the exception
        options.intra_op_num_threads = threads or usable_threads()
        options.inter_op_num_threads = 1
        if guarded:
            _limit_memory()
            options.add_session_config_entry("session.use_env_allocators", "1")
        self.runtime = f"onnxruntime {runtime.__version__}"
        try:
            self._session = runtime.InferenceSession(
                str(model) if isinstance(model, Path) else model,
                options,
                providers=["CPUExecutionProvider"],
                enable_fallback=0,  # it would try the same again, and print
            )
        except Exception as error:  # its exceptions have no common base of their own
            raise _cannot(self._where, error) from None
        self.inputs = _ports(self._session.get_inputs())
        self.outputs = _ports(self._session.get_outputs())
        self.opset = looked.opsets.get("", 0)
        self.nodes = looked.nodes
        try:
            self.about: About = about(looked.metadata)
        except BadFile as error:
            raise refusal(BROKEN_MODEL, self._where, f"{self.name}: {error}") from None
        pictured = any(value.meaning == "image" for value in self.about.inputs)
        # what a picture is made of beside another one is drawn for it
        drawn = {"noise", LATENT} if pictured else {"noise"}
        noise = {value.name for value in self.about.inputs if value.meaning in drawn}
        self.fed = tuple(port for port in self.inputs if port.name not in noise)
        self._dice = Dice()

    def run(self, feeds: Mapping[str, Array]) -> dict[str, Array]:
        """The outputs by name for inputs by name, each with the batch first.

        Noise that is not given is drawn.

        Raises:
            Refusal: an input is missing, or of a type or size that the network cannot take.
        """
        feeds = self._with_noise(feeds)
        self._check(feeds)
        names = [port.name for port in self.outputs]
        try:
            made = self._session.run(names, dict(feeds))
        except Exception as error:  # see above
            raise _cannot(self._where, error) from None
        return dict(zip(names, made))

    def _with_noise(self, feeds: Mapping[str, Array]) -> Mapping[str, Array]:
        left = [p for p in self.inputs if p not in self.fed and p.name not in feeds]
        if not left or any(port.name not in feeds for port in self.fed):
            return feeds
        sizes = {
            str(d): size
            for port in self.fed
            for d, size in zip(port.dims, feeds[port.name].shape)
            if isinstance(d, str)
        }
        return {**feeds, **{port.name: self._drawn(port, sizes) for port in left}}

    def _drawn(self, port: Port, sizes: Mapping[str, int]) -> Array:
        """Noise for an input, of the sizes that the others have."""
        if port.dtype not in ("float32", "int64") or any(
            d not in sizes for d in port.dims if isinstance(d, str)
        ):
            raise self._unfit(f"the input `{port.name}` is missing")
        shape = [sizes[d] if isinstance(d, str) else d for d in port.dims]
        return self._dice.draw(self.about.input(port.name).drawn, shape)

    def _check(self, feeds: Mapping[str, Array]) -> None:
        sizes: dict[str, int] = {}
        for port in self.inputs:
            array = feeds.get(port.name)
            if array is None:
                raise self._unfit(f"the input `{port.name}` is missing")
            kind = "string" if array.dtype.kind in "OU" else str(array.dtype)
            if kind != port.dtype or array.ndim != len(port.dims):
                raise self._unfit(
                    f"the input `{port.name}` is {port.described}, not {kind}{list(array.shape)}"
                )
            self._known(port, array)
            for d, size in zip(port.dims, array.shape):
                if sizes.setdefault(str(d), size) != size or (isinstance(d, int) and d != size):
                    raise self._unfit(
                        f"the input `{port.name}` is {port.described}, not {list(array.shape)}"
                    )
        broken = holds(self.about.conditions, sizes)
        if broken:
            raise self._unfit(broken)

    def _known(self, port: Port, array: Array) -> None:
        """Refuses ids that the network has no row for."""
        ids = self.about.input(port.name).ids
        if not ids or port.dtype != "int64" or not array.size:
            return
        for held in (int(array.min()), int(array.max())):
            if not 0 <= held < ids:
                raise self._unfit(f"`{port.name}` holds the id {held}: ids go from 0 to {ids - 1}")

    def _unfit(self, message: str) -> Refusal:
        return refusal(WRONG_INPUT, self._where, message)


def usable_threads() -> int:
    """The processors that this process may use."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


def _runtime(name: str) -> ModuleType:
    try:
        import onnxruntime
    except ImportError:
        text = "running a model needs the package onnxruntime"
        help = 'pip install "nnc-compiler[cpu]"'
        raise Refusal(NO_PACKAGE.at(place(name), text, help=help)) from None
    module: ModuleType = onnxruntime
    return module


@cache
def _limit_memory() -> None:
    """Lets guarded sessions share an allocator that ends at half of the machine's memory."""
    runtime = _runtime("")
    about_memory = runtime.OrtMemoryInfo(
        "Cpu", runtime.OrtAllocatorType.ORT_ARENA_ALLOCATOR, 0, runtime.OrtMemType.DEFAULT
    )
    # grow by what is asked for (1), not by powers of two
    arena = runtime.OrtArenaCfg({"max_mem": most_bytes(), "arena_extend_strategy": 1})
    runtime.create_and_register_allocator(about_memory, arena)


def _ports(nodes: list[_Node]) -> tuple[Port, ...]:
    return tuple(
        Port(
            node.name,
            DTYPES.get(node.type, node.type),
            tuple("?" if d is None else d for d in node.shape),
        )
        for node in nodes
    )


def _cannot(where: Path | str, error: Exception) -> Refusal:
    said = " ".join(str(error).split())
    if "smaller than requested" in said or "bad_alloc" in said or "Failed to allocate" in said:
        return refusal(REFUSED_MODEL, where, "the model needs more memory than the machine has")
    name = where.name if isinstance(where, Path) else where
    note = "".join(c if c.isprintable() else " " for c in said)[:300]
    return refusal(CANNOT_RUN, where, f"ONNX Runtime does not run {name}", "", note)
