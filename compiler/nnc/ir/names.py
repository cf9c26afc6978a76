"""Names that Python, PyTorch and ONNX all take: one function for each kind, and what is reserved.

A place (`stage2.conv1`) is the same in the IR, in `state_dict()` and in ONNX. That holds because
the checker takes its place names from `place_name`: they are legal attribute names of a module from
the start, and no backend renames them. Local names and class names exist in generated source alone.

The lists are written out, so that the bytes that nnc writes do not depend on the Python and torch
at hand; a test holds them to both.
"""

from __future__ import annotations

import re
from collections.abc import Container


def words(text: str) -> frozenset[str]:
    """The words of a text."""
    return frozenset(text.split())


KEYWORDS = words(
    """
    False None True and as assert async await break class continue def del elif else except
    finally for from global if import in is lambda nonlocal not or pass raise return try
    while with yield
    """
)

MODULE_ATTRIBUTES = words(
    """
    T_destination add_module append apply bfloat16 buffers call_super_init children compile
    cpu cuda double dump_patches eval extend extra_repr float forward get_buffer
    get_extra_state get_parameter get_submodule half insert ipu load_state_dict modules mtia
    named_buffers named_children named_modules named_parameters parameters pop
    register_backward_hook register_buffer register_forward_hook register_forward_pre_hook
    register_full_backward_hook register_full_backward_pre_hook
    register_load_state_dict_post_hook register_load_state_dict_pre_hook register_module
    register_parameter register_state_dict_post_hook register_state_dict_pre_hook
    requires_grad_ set_extra_state set_submodule share_memory state_dict to to_empty train
    training type xpu zero_grad
    """
)
"""Public attributes of nn.Module and nn.Sequential. Private ones begin with `_`, places never."""

BUILTINS = words(
    """
    BaseExceptionGroup Ellipsis ExceptionGroup GeneratorExit KeyboardInterrupt
    NotImplemented StopAsyncIteration StopIteration SystemExit abs aiter all anext any ascii
    bin bool breakpoint bytearray bytes callable chr classmethod compile complex copyright
    credits delattr dict dir divmod enumerate eval exec exit filter float format frozenset
    getattr globals hasattr hash help hex id input int isinstance issubclass iter len
    license list locals map max memoryview min next object oct open ord pow print property
    quit range repr reversed round set setattr slice sorted staticmethod str sum super tuple
    type vars zip
    """
)
"""Names of builtins, but for exceptions: those end in one of `EXCEPTIONS`."""

EXCEPTIONS = ("Error", "Exception", "Warning")

LOCALS = words(
    """
    match case type torch nn F self i spectral_norm weight_norm
    sys math Path load_model Image ImageOps prepare LABELS module htk_filters slaney_filters
    """
)
"""Soft keywords, and names that the generated source itself uses."""


_OTHER = re.compile(r"[^A-Za-z0-9_]")


def identifier(text: str, empty: str = "value") -> str:
    """The text as a Python identifier without leading underscores; other characters become `_`.

    Leading underscores go, because `__x` in a class means another name, and modules keep their
    private attributes under `_x`.
    """
    if not text.isascii():
        import unicodedata  # Python compares identifiers in this form; few specs need it

        text = unicodedata.normalize("NFKC", text)
        name = "".join(c if f"a{c}".isidentifier() else "_" for c in text).lstrip("_")
    else:
        name = _OTHER.sub("_", text).lstrip("_")
    if not text.endswith("_"):
        name = name.rstrip("_")
    name = name or empty
    return name if name.isidentifier() else f"n{name}"


def free(name: str, taken: Container[str]) -> str:
    """The name itself, or with the first of `_2`, `_3`, ... that is not taken."""
    if name not in taken:
        return name
    number = 2
    while f"{name}_{number}" in taken:
        number += 1
    return f"{name}_{number}"


def place_name(base: str, taken: Container[str]) -> str:
    """The place of an item that would like to be called `base`: an attribute name, not in `taken`.

    `class` becomes `class_`, `forward` becomes `forward_`, an eleventh `conv` beside a block
    `conv1` becomes `conv11_2`. The checker calls this for each item, with the places given so far.
    """
    name = identifier(base)
    if name in KEYWORDS or name in MODULE_ATTRIBUTES:
        name += "_"
    return free(name, taken)


def reserved(name: str) -> bool:
    """Whether a name means something in Python or in generated source already."""
    return name in KEYWORDS or name in BUILTINS or name in LOCALS or name.endswith(EXCEPTIONS)


def local_name(base: str, taken: Container[str]) -> str:
    """A variable or parameter in the generated source: no keyword, no builtin, not taken."""
    name = identifier(base)
    if reserved(name):
        name += "_"
    return free(name, taken)


def class_name(
    base: str,
    taken: Container[str],
    avoided: Container[str] = (),
    suffix: str = "Block",
) -> str:
    """A class in the generated source: `my_block` becomes `MyBlock`; if that is taken, `MyBlock2`.

    A name that Python, nn (in `avoided`, see backends/torch_names.py) or the source itself uses
    gets the suffix: a block `linear` becomes `LinearBlock`.
    """
    name = "".join(part[:1].upper() + part[1:] for part in identifier(base).split("_"))
    name = name if name.isidentifier() else f"N{name}"
    if reserved(name) or name in avoided:
        name += suffix
    number, made = 2, name
    while made in taken:
        made = f"{name}{number}"
        number += 1
    return made
