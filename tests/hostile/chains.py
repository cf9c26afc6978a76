"""Random chains of layers that fit, derived from what the layers declare and what the checker says.

A chain is drawn step by step: a layer with arguments within their ranges is kept when the text with
it checks, so that every declared layer and argument takes part without a rule written twice.
"""

from __future__ import annotations

from hypothesis import strategies as st

from nnc.check import check_text
from nnc.ir.arguments import Arg
from nnc.layers import LAYERS

LEFT_OUT = ("add", "concat", "mul", "embedding", "dropout", "reshape")
WORDS = sorted(w for w, cls in LAYERS.items() if not cls.hidden and w not in LEFT_OUT)
WINDOWS = [w for w in WORDS if "conv" in w or w in ("max_pool", "avg_pool", "upsample", "pad")]
LAST = [w for w in WORDS if w.startswith("global") or w in ("flatten", "dense")]
"""Those after which few others fit."""
OFTEN = [*WINDOWS * 4, *WORDS, *(w for w in WORDS if w not in LAST)]
FORMS = (
    "residual {{ {0} }}",
    "add {{ path {{ {0} }} path {{ {0} }} }}",
    "concat {{ path {{ }} path {{ {0} }} }}",
    "repeat 2 {{ {0} }}",
)


@st.composite
def values(draw: st.DrawFn, arg: Arg) -> str:
    """A value of an argument, of its kind and mostly in its range."""
    least = int(arg.least or 0)
    if arg.options and (arg.kind == "option" or draw(st.booleans())):
        return draw(st.sampled_from(arg.options))
    if arg.kind in ("size", "sizes"):
        one = st.integers(least, least + 3)
        if arg.kind == "sizes" and draw(st.integers(0, 3)) == 0:
            return f"({draw(one)}, {draw(one)})"
        return str(draw(one))
    if arg.kind == "flag":
        return draw(st.sampled_from(("true", "false")))
    if arg.kind == "axis":
        return str(draw(st.integers(-3, 2)))
    if arg.kind == "init":
        return draw(st.sampled_from(("normal(0.02)", "uniform(-0.1, 0.1)", "0.1")))
    return str(draw(st.sampled_from((0.05, 0.1, 0.5, 0.75, 1, 2))))


@st.composite
def steps(draw: st.DrawFn) -> str:
    """One layer with its required arguments and some of the others, plain or in a combinator."""
    word = draw(st.sampled_from(OFTEN))
    given = []
    for name, arg in LAYERS[word].args.items():
        if arg.required or draw(st.integers(0, 4)) == 0:
            given.append(f"{name}={draw(values(arg))}")
    step = f"{word}({', '.join(given)})" if given else word
    if draw(st.integers(0, 5)) == 0:
        step = draw(st.sampled_from(FORMS)).format(step)
    return step


def text_of(chain: list[str], size: tuple[int, int, int]) -> str:
    """The network that runs a chain on a picture."""
    body = "\n  ".join(chain)
    return f"network N {{\n  input x: [{', '.join(map(str, size))}]\n  {body}\n  output y\n}}\n"


@st.composite
def chains(draw: st.DrawFn, longest: int = 20) -> str:
    """A text that checks: up to `longest` steps that fit one another."""
    size = draw(st.tuples(st.integers(1, 4), st.integers(6, 16), st.integers(6, 16)))
    chain = ["relu"]
    for _ in range(draw(st.integers(1, longest))):
        longer = [*chain, draw(steps())]
        checked = check_text(text_of(longer, size))
        if checked.errors:
            continue
        types = checked.networks["N"].graph.types
        if all(isinstance(t.elements, int) and t.elements < 20_000 for t in types):
            chain = longer
    return text_of(chain, size)
