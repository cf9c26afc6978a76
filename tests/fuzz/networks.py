"""Random networks of up to 60 steps, derived from what the layers declare and the checker says.

A network is drawn statement by statement: one is kept when a small text with it checks, so no rule
of shapes is written twice. Steps are a layer's worked cases and layers with drawn arguments; around
them stand joins, paths, residuals, loops, conditions, blocks with parameters, shared steps, sources
and formulas. Each network begins with one layer that it must have, so that all occur.
"""

from __future__ import annotations

import re
from random import Random

from nnc.check import check_text
from nnc.ir.arguments import Arg
from nnc.layers import LAYERS
from nnc.layers.base import Case
from tests.layers.worked import input_texts

JUMPS = {"argmax", "floor", "round", "sign", "std"}
"""Where rounding in the last place makes another answer (`std`: of equal numbers).

Their cases are compared by themselves.
"""
WORDS = sorted(word for word, cls in LAYERS.items() if not cls.hidden and word not in JUMPS)
MOST_ELEMENTS = 3_000
MOST_WEIGHTS = 200_000
LAST = {w for w in WORDS if w.startswith("global") or w in ("flatten", "mean", "sum", "max", "min")}
"""Those after which few others fit: drawn less often."""
TAMED = {
    "log": "abs -> add(0.5) -> log",
    "sqrt": "abs -> add(0.5) -> sqrt",
    "exp": "clamp(-2, 2) -> exp",
}
"""Functions that are no numbers, or grow without bounds, for some inputs."""
NEW = "[]", "[5]", "[8]", "[6, 8]", "[4, 9]", "[8, 6, 6]", "[3, 9, 8]", "[2, 5, 6, 4]", "token[5]"

# {q}: the current value's label; {a}: another one of its type.
FORMULAS = (
    "{q} * sigmoid({q})",
    "0.5 * {q} + tanh({q})",
    "{q} - {a}",
    "-{q} * {a} + 1",
    "{q} / (1 + abs({a}))",
    "maximum({q}, {a}, 0.1)",
    "minimum({q}, 2) + {q} ** 2 / 4",
    "leaky_relu({q}, 0.2) - mean({q})",
    "{q}[1:]",
    "{q}[0]",
    "{q}[:, 1:]",
    "1 / (2 + cos({q}))",
)
JOINS = (
    "add({a})",
    "mul({a})",
    "maximum({a})",
    "minimum({a})",
    "concat({a})",
    "concat({a}, axis=1)",
)
FORMS = (
    "residual {{ {0} }}",
    "residual {{ {0}; {1} }}",
    "add {{ path {{ {0} }} path {{ {1} }} }}",
    "mul {{ path {{ {0}; sigmoid }} path {{ {1} }} }}",
    "concat {{ path {{ }} path {{ {0} }} path {{ {1} }} }}",
    "scale {{ {0}; {1}; sigmoid }}",
    "repeat 2 {{ {0}; {1} }}",
    "repeat 3 {{ {0} }}",
    "for i in 0..2 {{ {0}; mul(1.0 / (i + 1)) }}",
    "for p in [0.1, 0.2] {{ {0}; leaky_relu(p) }}",
    "if 1 < 2 {{ {0} }} else {{ {1} }}",
)


def value(draw: Random, arg: Arg) -> str:
    """A value of an argument, of its kind and mostly in its range."""
    least = int(arg.least or 0)
    if arg.options and (arg.kind == "option" or draw.random() < 0.5):
        return draw.choice(arg.options)
    if arg.kind == "size" or (arg.kind == "sizes" and draw.random() < 0.7):
        return str(draw.randint(least, least + 3))
    if arg.kind == "sizes":
        return f"({draw.randint(least, least + 3)}, {draw.randint(least, least + 3)})"
    if arg.kind == "flag":
        return draw.choice(("true", "false"))
    if arg.kind == "axis":
        return str(draw.randint(-3, 2))
    if arg.kind == "init":
        return draw.choice(("normal(0.02)", "uniform(-0.1, 0.1)", "0.1"))
    return draw.choice(("0.05", "0.1", "0.5", "0.75", "1", "2"))


def good_cases(word: str) -> list[Case]:
    """The worked cases of a layer that a spec may hold."""
    return [case for case in LAYERS[word].cases if not case.refused]


class Drawn:
    """A network while it is drawn.

    `type` is that of the current value, `labels` the types of values with names, `unused` those of
    them that nothing has read.
    """

    def __init__(self, draw: Random, types: tuple[str, ...]) -> None:
        self.draw = draw
        self.top: list[str] = []
        self.before: list[str] = []
        self.sources: list[str] = []
        self.lines: list[str] = []
        self.labels: dict[str, str] = {}
        self.unused: list[str] = []
        self.blocks: list[str] = []
        self.count = 0
        self.type = types[0]
        self.saw_time = False
        self.timed = any(text.startswith("token") for text in types)
        for n, text in enumerate(types):
            self.sources.append(f"input x{n}: {text}")
            if n:
                self.labels[f"x{n}"] = text
                self.unused.append(f"x{n}")
        self.lines.append("from x0")

    def name(self, kind: str) -> str:
        """A name that nothing has."""
        self.count += 1
        return f"{kind}{self.count}"

    # --- keeping what checks ----------------------------------------------------------------------

    def tried(self, statement: str, type: str, more: str = "") -> str:
        """The type that a statement makes of a value of this type, "" where it is refused."""
        named = {word for word in re.findall(r"\w+", statement) if word in self.labels}
        inputs = [f"input {name}: {self.labels[name]}" for name in sorted(named)]
        before = [line for line in self.before if line.split()[1] in statement]
        body = "\n".join([f"input it: {type}", *inputs, *before, more, "from it", statement])
        found = check_text("\n".join([*self.top, f"network N {{\n{body}\noutput y\n}}\n"]))
        if found.errors:
            return ""
        graph = found.networks["N"].graph
        for each in graph.types:
            if not isinstance(each.elements, int) or each.elements > MOST_ELEMENTS:
                return ""
        self.saw_time = any(each.time is not None for each in graph.types)
        made = graph.types[graph.outputs[0].value]
        return "" if made.fixed or made.dtype == "uint8" else str(made)

    def keep(self, statement: str, more: str = "", source: str = "") -> bool:
        """Adds a statement if it checks."""
        made = self.tried(statement, self.type, more)
        if not made:
            return False
        place = self.sources if source else self.before
        place += [more] if more else []
        self.lines.append(statement)
        self.timed = self.timed or self.saw_time
        if self.timed and check_text(self.text()).errors:  # the small text does not know of time
            self.lines.pop()
            del place[len(place) - bool(more) :]
            return False
        self.type = made
        self.unused = [n for n in self.unused if not re.search(rf"\b{n}\b", statement)]
        return True

    # --- kinds of statements ----------------------------------------------------------------------

    def layer(self, word: str = "") -> str:
        """A layer with arguments."""
        draw = self.draw
        word = word or draw.choice(WORDS)
        if word in LAST and draw.random() < 0.7:
            word = draw.choice(WORDS)
        cases = [c for c in good_cases(word) if isinstance(c.inputs, str) and c.output]
        args = LAYERS[word].args
        plain = all(arg.kind not in ("axes", "named", "tie", "dims") for arg in args.values())
        ids = any(port.dtype == "int64" for port in LAYERS[word].ports)  # tables as large as ids
        if cases and (ids or not plain or draw.random() < 0.5):
            step = draw.choice(cases).step
        else:
            given = [
                f"{name}={value(draw, arg)}"
                for name, arg in args.items()
                if arg.kind not in ("axes", "named", "tie", "dims", "call")
                and (arg.required or draw.random() < 0.2)
            ]
            step = f"{word}({', '.join(given)})" if given else word
        return TAMED.get(word, step)

    def fitting(self, type: str, tries: int = 12) -> str:
        """A layer that takes a value of this type, `relu` where none is found."""
        for _ in range(tries):
            step = self.layer()
            if self.tried(step, type):
                return step
        return "roll(1, 0)" if type.startswith("token") else "relu"

    def plain(self) -> bool:
        """A layer, with a label at times."""
        step = self.layer()
        if self.draw.random() < 0.25:
            name = self.name("v")
            if self.keep(f"{step} as {name}"):
                self.labels[name] = self.type
                self.unused.append(name)
                return True
            return False
        return self.keep(step)

    def join(self) -> bool:
        """The current value with a labelled one."""
        if not self.labels:
            return False
        names = self.unused if self.unused and self.draw.random() < 0.7 else [*self.labels]
        return self.keep(self.draw.choice(JOINS).format(a=self.draw.choice(names)))

    def formula(self) -> bool:
        """Arithmetic on the current value, and another one."""
        name = self.name("q")
        same = [n for n, type in self.labels.items() if type == self.type] or [name]
        text = self.draw.choice(FORMULAS).format(q=name, a=self.draw.choice(same))
        return self.keep(f"{self.fitting(self.type, 3)} as {name}\nfrom {text}")

    def form(self) -> bool:
        """A combinator, loop or condition around steps."""
        first = self.fitting(self.type)
        after = self.tried(first, self.type) or self.type
        second = self.fitting(self.draw.choice((after, self.type)))
        form = self.draw.choice(FORMS)
        return self.keep(form.format(first, second)) or self.keep(form.format("tanh", first))

    def block(self) -> bool:
        """A block with parameters, called at once and perhaps again."""
        name = self.name("b")
        first = self.fitting(self.type)
        last = self.draw.choice(("dense(p)", "conv(p, 1)", "layer_norm -> dense(p, bias=false)"))
        text = f"block {name}(p, act=relu) {{ {first}; act; {last} }}"
        self.top.append(text)
        call = f"{name}({self.draw.randint(2, 6)}{self.draw.choice(('', ', act=tanh'))})"
        again = self.draw.choice((call, f"{call} -> {call}", f"residual {{ {call} }}"))
        if self.keep(again) or self.keep(call):
            self.blocks.append(name)
            return True
        self.top.pop()
        return False

    def called(self) -> bool:
        """A block that stands already."""
        if not self.blocks:
            return False
        name = self.draw.choice(self.blocks)
        return self.keep(f"{name}({self.draw.randint(2, 6)})")

    def shared(self) -> bool:
        """A step with one set of weights at two places."""
        name = self.name("s")
        step = self.draw.choice(("dense(6)", "conv(4, 1)", "layer_norm", self.fitting(self.type)))
        use = self.draw.choice((f"{name} -> {name}", f"{name} -> tanh -> {name}", name))
        return self.keep(use, f"shared {name} = {step}")

    def tied(self) -> bool:
        """Two steps with one weight."""
        name = self.name("s")
        other = f"dense(6, bias=false, tie={name})"
        return self.keep(
            f"add {{ path {{ {name} }} path {{ {other} }} }}", f"shared {name} = dense(6)"
        )

    def scan(self) -> bool:
        """The steps along the first axis: each alone, or with what was remembered."""
        if self.type.startswith("token") or self.type == "[]":
            return False
        one = "[" + self.type[1:-1].partition(", ")[2] + "]"
        step, name = self.fitting(one), self.name("h")
        state = f"state {name}: {one}; add({name}) -> {step} -> tanh as n{name}"
        carried = f"scan {{ {state}; next {name} = n{name}; from n{name} }}"
        return self.keep(self.draw.choice((carried, f"scan {{ {step} }}"))) or self.keep(
            f"scan {{ {step} }}"
        )

    def source(self) -> bool:
        """A learned or stored array, or noise, with the current value."""
        name = self.name("w")
        kind = self.draw.choice(("weight", "constant", "noise"))
        start = {"weight": " = 0.5", "constant": " = 1.5", "noise": ""}[kind]
        size = self.type if self.draw.random() < 0.6 else self.draw.choice(NEW[:3])
        join = self.draw.choice(("add", "mul"))
        return self.keep(f"{join}({name})", f"{kind} {name}: {size}{start}", source="yes")

    def several(self) -> bool:
        """A step with several results, joined again."""
        a, b = self.name("r"), self.name("r")
        if self.draw.random() < 0.5:
            axis = self.draw.choice(("", ", axis=-1"))
            text = f"split(2{axis}) as {a}, {b}\nfrom {b}, {a} -> concat"
        else:
            word = self.draw.choice(("gru", "rnn"))
            text = f"{word}(4) as {a}, {b}\nfrom {a} -> add({b})"
        return self.keep(text)

    def begin(self, step: str, case: Case) -> bool:
        """The first step, which takes all inputs; several results are joined."""
        more = [name for name in self.labels if name.startswith("x")]
        ends = ("",)
        if isinstance(case.output, tuple):
            names = [self.name("r") for _ in case.output]
            joined = f"from {', '.join(names)} -> concat"
            one = "; ".join(f"from {name}; output o{name}" for name in names[1:])
            ends = tuple(
                f" as {', '.join(names)}\n{end}"
                for end in (joined, f"{joined}(axis=-1)", f"{one}\nfrom {names[0]}")
            )
        for end in ends:
            start = f"from {', '.join(['it', *more])} -> {step}{end}"
            made = self.tried(start, self.type)
            if made:
                self.lines = [start.replace("from it", "from x0", 1)]
                self.type, self.unused = made, []
                self.timed = self.timed or self.saw_time
                return True
        return False

    # --- the whole --------------------------------------------------------------------------------

    def grow(self, steps: int) -> None:
        """Adds so many statements; what does not fit is drawn anew."""
        kinds = (
            (self.plain, 10),
            (self.join, 4),
            (self.formula, 2),
            (self.form, 3),
            (self.block, 1),
            (self.called, 1),
            (self.shared, 1),
            (self.tied, 1),
            (self.scan, 1),
            (self.source, 1),
            (self.several, 1),
        )
        drawn = [kind for kind, weight in kinds for _ in range(weight)]
        kept = 0
        for _ in range(steps * 4):
            kept += self.draw.choice(drawn)()
            if kept >= steps:
                return

    def text(self) -> str:
        """The network: what nothing has read is given out."""
        ends = ["output y"]
        for name in self.unused:
            ends += [f"from {name}", f"output out_{name}"]
        body = "\n".join([*self.sources, *self.before, *self.lines, *ends])
        return "\n".join([*self.top, f"network N {{\n{body}\n}}\n"])


def drawn(seed: int, longest: int = 60) -> str:
    """A network that checks, by its number; the layers take turns in coming first."""
    draw = Random(seed)
    word = WORDS[seed % len(WORDS)]
    cases = [c for c in good_cases(word) if _numeric(c)]
    draw.shuffle(cases)
    for case in cases:
        net = Drawn(draw, _without_symbols(input_texts(case)))
        if net.begin(TAMED.get(word, case.step), case):
            net.grow(draw.randint(1, longest))
            return net.text()
    raise AssertionError(f"no case of {word} makes a network")


SIZES = {"T": "5", "H": "8", "W": "6", "L": "9", "C": "4"}


def _without_symbols(types: tuple[str, ...]) -> tuple[str, ...]:
    """Input types with numbers for symbols."""
    return tuple(
        re.sub(r"[A-Z]\w*", lambda found: SIZES.get(found[0], "4"), text) for text in types
    )


def _numeric(case: Case) -> bool:
    """Whether a case's inputs are numbers or ids, as a network's are."""
    return all(text.startswith(("[", "token")) for text in input_texts(case))
