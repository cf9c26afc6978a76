"""What `on` and `freeze` speak of: words to weights of the network."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator

from nnc.check.formulas.values import Unknown, written
from nnc.check.training.training_rules import (
    BAD_SETTING,
    DOUBLED_SETTING,
    SELECTIONS_OVERLAP,
    SELECTS_NOTHING,
    UNKNOWN_SELECTION,
)
from nnc.check.world import World
from nnc.diagnostics import Diagnostic, Fix, Label, nearest
from nnc.ir.graph import Network
from nnc.ir.selection import (
    NORM,
    WEIGHT_KINDS,
    Leaf,
    Rank,
    Words,
    explicit,
    is_layer,
    leaves,
    rank,
    reach,
)
from nnc.layers import LAYERS
from nnc.record import Record
from nnc.source import Span
from nnc.syntax import ast


class Chosen(Record):
    """One word of a selection as it was understood; `names`: how many of its words are explicit."""

    words: Words
    names: int
    span: Span

    @property
    def text(self) -> str:
        """As written."""
        return ".".join(self.words)


class Line(Record):
    """A setting with what it speaks of."""

    setting: ast.Setting
    chosen: tuple[Chosen, ...]

    @property
    def text(self) -> str:
        """The words behind `on`."""
        return ", ".join(each.text for each in self.chosen)


class Selector:
    """A network's layers, looked at where a train block selects some of them."""

    def __init__(self, world: World, network: Network) -> None:
        self._world = world
        self._name = network.name
        self._leaves = leaves(network)

    def weights(self) -> dict[str, int]:
        """The weights that may be trained, each with 0: its place among no lines."""
        return {name: 0 for leaf in self._leaves for name, _ in leaf.learned()}

    def everything(self) -> tuple[tuple[str, ...], tuple[str, ...]]:
        """All weights, and the places that keep running statistics: a network that stays."""
        places = tuple(leaf.place for leaf in self._leaves if leaf.keeps_statistics)
        return tuple(self.weights()), tuple(dict.fromkeys(places))

    def line(self, setting: ast.Setting, words: tuple[ast.Expr, ...]) -> Line:
        """A setting with its words understood; without those that were reported."""
        found = tuple(self._chosen(e) for e in words)
        chosen = tuple(each for each in found if each is not None)
        selecting = tuple(each for each in chosen if any(True for _ in self.selected(each)))
        for each in chosen:
            # `on bias, norm` speaks of any network; a name, or a kind alone, must mean something.
            usual = each.words == (NORM,) or (each.words[-1] in WEIGHT_KINDS and not each.names)
            if each not in selecting and not (usual and selecting):
                absent = each.words == (NORM,)
                self._world.sink.add(
                    self._unknown(each.span, each.words) if absent else self._nothing(each)
                )
        return Line(setting, selecting)

    def _chosen(self, e: ast.Expr) -> Chosen | None:
        words = self._words(e)
        if words is None:
            return None
        names = 0 if words == (NORM,) else explicit(words, self._leaves)
        if names is None:
            self._world.sink.add(self._unknown(e.span, words))
            return None
        return Chosen(words, names, e.span)

    def _words(self, e: ast.Expr) -> Words | None:
        if isinstance(e, ast.Ref):
            return tuple(name.text for name in e.names)
        if isinstance(e, ast.Index):
            items = [item for item in e.items if not isinstance(item, ast.Slice)]
            values = [self._world.numbers.value(item, self._world.scope) for item in items]
            if any(isinstance(value, Unknown) for value in values):
                return None
            if len(items) == len(e.items):
                *first, last = (name.text for name in e.base.names)
                return (*first, f"{last}[{', '.join(written(v) for v in values)}]")
        listed = e.items if isinstance(e, ast.List | ast.Tuple) else (e,)
        words = [i.value if isinstance(i, ast.String) else i.span.text for i in listed]
        plain = all(re.fullmatch(r"[^\W\d][\w.]*", word) for word in words)
        made = ", ".join(words)
        self._world.sink.add(
            BAD_SETTING.at(
                e.span,
                "a selection names weights by words",
                help=f"write `{made}`"
                if plain
                else "for example `bias, norm`, `conv`, or a name that a label gave: `stem`",
                fix=Fix(e.span, made) if plain else None,
            )
        )
        return None

    def selected(self, chosen: Chosen) -> Iterator[tuple[str, Rank]]:
        """The weights that a word selects, with how closely it speaks of them."""
        for leaf in self._leaves:
            for name, weight in leaf.learned():
                found = rank(chosen.words, chosen.names, leaf, weight.name)
                if found is not None:
                    yield name, found

    def frozen(self, line: Line) -> tuple[tuple[str, ...], tuple[str, ...]]:
        """The weights that `freeze` keeps, and the places whose running statistics stay."""
        names = [name for chosen in line.chosen for name, _ in self.selected(chosen)]
        places = [
            leaf.place
            for chosen in line.chosen
            if chosen.words[-1] not in WEIGHT_KINDS or chosen.names == len(chosen.words)
            for leaf in self._leaves
            if leaf.keeps_statistics
            and rank(chosen.words, chosen.names, leaf, "weight") is not None
        ]
        return tuple(dict.fromkeys(names)), tuple(dict.fromkeys(places))

    def assigned(self, lines: tuple[Line, ...], frozen: Iterable[str]) -> dict[str, int]:
        """For each weight that learns the line that speaks of it most closely, from 1; 0: none."""
        doubled = self._doubled(lines)
        kept = set(frozen)
        best: dict[str, tuple[Rank, int, Chosen]] = {}
        clashes: dict[tuple[Span, Span], Diagnostic] = {}
        for at, line in enumerate(lines, 1):
            for chosen in line.chosen:
                for name, found in self.selected(chosen):
                    old = best.get(name)
                    alike = old is not None and old[0] == found and old[2].words != chosen.words
                    if old is not None and alike and old[1] != at and name not in kept:
                        key = old[2].span, chosen.span
                        clashes.setdefault(key, _overlap(old[2], chosen, name))
                    if old is None or found > old[0]:
                        best[name] = found, at, chosen
        for diagnostic in clashes.values():
            self._world.sink.add(diagnostic)
        made = {name: 0 for name in self.weights() if name not in kept}
        made.update({name: at for name, (_, at, _) in best.items() if name not in kept})
        if not clashes and not doubled:
            self._idle(lines, set(made.values()), kept)
        return made

    def _doubled(self, lines: tuple[Line, ...]) -> bool:
        """The same words in two lines of one setting, or twice in one."""
        seen: dict[Words, Chosen] = {}
        before = self._world.sink.errors
        for line in lines:
            for chosen in line.chosen:
                first = seen.setdefault(chosen.words, chosen)
                if first is not chosen:
                    self._world.sink.add(
                        DOUBLED_SETTING.at(
                            chosen.span,
                            f"`{chosen.text}` is selected twice",
                            others=(Label(first.span, "the first"),),
                        )
                    )
        return self._world.sink.errors > before

    def _idle(self, lines: tuple[Line, ...], used: set[int], kept: set[str]) -> None:
        """Lines for which no weight is left."""
        for at, line in enumerate(lines, 1):
            if at in used or not line.chosen:
                continue
            names = {name for chosen in line.chosen for name, _ in self.selected(chosen)}
            why = "are frozen" if names <= kept else "belong to lines that are more specific"
            self._world.sink.add(
                SELECTS_NOTHING.at(
                    line.setting.span, f"the weights on `{line.text}` {why}", help="remove the line"
                )
            )

    # --- messages ---------------------------------------------------------------------------------

    def _unknown(self, span: Span, words: Words) -> Diagnostic:
        text = ".".join(words)
        inner = self._inner(words)
        if inner:
            return UNKNOWN_SELECTION.at(
                span,
                f"`{words[0]}` is a name inside of a block",
                help=f"write `{inner}`",
                fix=Fix(span, inner),
            )
        if words[0] == NORM or (words[0] in LAYERS and not LAYERS[words[0]].hidden):
            what = "normalisation" if words[0] == NORM else f"layer `{words[0]}`"
            message = f"`{self._name}` has no {what}"
            return SELECTS_NOTHING.at(span, message, help=self._listed())
        for at, word in enumerate(words):
            if at and self._leads(words[: at + 1]) is False:
                message = f"`{'.'.join(words[:at])}` holds nothing that is called `{word}`"
                return UNKNOWN_SELECTION.at(span, message, help=self._listed(words[:at]))
        if self._counted(words[0]):
            return UNKNOWN_SELECTION.at(
                span,
                f"`{text}` is a counted name, and counts change with the network",
                help="name the layer: `conv(...) as stem`, then select `stem`",
            )
        known = self._known(())
        guess = nearest(text, known)
        return UNKNOWN_SELECTION.at(
            span,
            f"nothing in `{self._name}` is called `{text}`",
            help=f"did you mean `{guess}`?" if guess else self._listed(),
            fix=Fix(span, guess) if guess else None,
        )

    def _counted(self, word: str) -> bool:
        """Whether a word is a layer or block with a number."""
        base = word.rstrip("0123456789")
        blocks = {link.block for leaf in self._leaves for link in leaf.chain}
        return base != word and (base in LAYERS or base in blocks)

    def _leads(self, words: Words) -> bool | None:
        """Whether words lead on; None where the words before them do not."""
        if not any(reach(words[:-1], leaf.chain) for leaf in self._leaves):
            return None
        return explicit(words, self._leaves) is not None

    def _inner(self, words: Words) -> str:
        """The path to a name inside of a block, "" where there is none."""
        for leaf in self._leaves:
            for above, link in zip(leaf.chain, leaf.chain[1:]):
                if link.called(words[0]) > 1 and above.block:
                    return ".".join((above.block, *words))
        return ""

    def _known(self, inside: Words) -> list[str]:
        """The names and layers with weights that a selection may begin or go on with."""
        found: dict[str, None] = {}
        for leaf in self._leaves:
            if not any(True for _ in leaf.learned()):
                continue
            at = 0
            if inside:
                depth = reach(inside, leaf.chain)
                if depth is None:
                    continue
                at = depth[0]
            for link in leaf.chain[at : at + 1]:
                found.update(dict.fromkeys(link.names))
            found.update(dict.fromkeys(link.block for link in leaf.chain[at:] if link.block))
            found[leaf.word] = None
        found.update(dict.fromkeys((NORM,) if is_layer(NORM, self._leaves) else ()))
        return [*found, *WEIGHT_KINDS]

    def _listed(self, inside: Words = ()) -> str:
        known = [name for name in self._known(inside) if name]
        return "there are " + ", ".join(f"`{name}`" for name in known[:12])

    def _nothing(self, chosen: Chosen) -> Diagnostic:
        own = [leaf for leaf in self._leaves if self._is(chosen, leaf)]
        message = f"`{chosen.text}` selects no weights"
        help = self._listed()
        if own and all(leaf.tied for leaf in own):
            message = f"`{chosen.text}` has no weight of its own: it uses `{own[0].tied}`"
            help = f"select that one: `{own[0].tied.rpartition('.')[0] or own[0].tied}`"
        elif chosen.names == len(chosen.words) and len(own) == 1:
            message = f"`{chosen.text}` names a `{own[0].word}`, which has no weights"
            help = f"put `as {chosen.words[-1]}` behind the layer that is meant, or behind a block"
        return SELECTS_NOTHING.at(chosen.span, message, help=help)

    def _is(self, chosen: Chosen, leaf: Leaf) -> bool:
        return rank(chosen.words, chosen.names, leaf, chosen.words[-1]) is not None


def _overlap(first: Chosen, second: Chosen, weight: str) -> Diagnostic:
    return SELECTIONS_OVERLAP.at(
        second.span,
        f"`{first.text}` and `{second.text}` select `{weight}` alike",
        others=(Label(first.span, "the other"),),
        help="name what belongs to one of them more closely, or take it out",
    )
