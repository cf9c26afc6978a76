"""What a player of a gan is in a file of its own: latents, conditions, pictures, scores."""

from __future__ import annotations

from nnc.backends.onnx_metadata import Meaning
from nnc.deploy.noise import LATENT, told
from nnc.ir.gan import R1, GanPlan, GanPlayer, GanSource, NonSaturating, Pix2Pix
from nnc.ir.graph import Network
from nnc.ir.plan import Field, Front, Pixels, Profile
from nnc.ir.types import TensorType
from nnc.passes.inference import Ends
from nnc.record import Record

CHANCES = (NonSaturating, Pix2Pix, R1)
"""Objectives of which a score's sigmoid is the chance that a sample is real."""

PICTURE = 3
"""Axes of a picture."""


class Role(Record):
    """A player with all that its file tells.

    Args:
        gan: the plan, its fields bound; None of a gan that no block trains.
        player: which of its players.
        sources: what the gan declares.
        profiles: of its data, () where it is not known.
        train: the train block's name, where it is not the gan's.
    """

    player: GanPlayer
    sources: tuple[GanSource, ...]
    gan: GanPlan | None = None
    profiles: tuple[Profile, ...] = ()
    train: str = ""

    @property
    def makes(self) -> bool:
        """It is a generator."""
        return self.player.role == "generator"

    def file(self, trained: bool) -> str:
        """`generator.onnx`, `generator.untrained.onnx`."""
        return f"{self.player.name}.onnx" if trained else f"{self.player.name}.untrained.onnx"

    def ends(self, network: Network, *, bare: bool = False) -> Ends:
        """Pixels in and out, and of a discriminator the chance that a sample is real."""
        fronts: list[tuple[str, Front]] = []
        pictures: list[tuple[str, Pixels]] = []
        for port, read in zip(network.graph.fed, self.player.reads):
            front = self._front(read, network.graph.types[port.value])
            if front is not None and not bare:
                fronts.append((port.name, front))
        output = self.player.output
        front = self._front(self.player.makes or "real")
        if self.makes and isinstance(front, Pixels) and not bare:
            pictures.append((output, front))
        chance = not self.makes and self.gan is not None and isinstance(self.gan.objective, CHANCES)
        return Ends(tuple(fronts), (), ((output, "sigmoid"),) if chance else (), tuple(pictures))

    def input(self, network: Network, name: str, kind: TensorType) -> Meaning:
        """What an input is: a latent with its distribution, a class, a picture."""
        at = [port.name for port in network.graph.fed].index(name)
        read = self.player.reads[at]
        source = next((s for s in self.sources if s.name == read), None)
        if source is not None and source.kind == "latent":
            return Meaning(name, kind, LATENT, drawn=told(source.drawn, source.categories))
        found = self._field(read)
        if found is None:
            return Meaning(name, kind)
        profile, field = found
        type = network.graph.types[network.graph.fed[at].value]
        front = self._front(read, type)
        size = profile.picture_size(field.name)
        return Meaning(name, kind, field.meaning, front, field.columns, size=size)

    def output(self, name: str, kind: TensorType) -> Meaning:
        """What an output is: a picture, or numbers."""
        found = self._field(self.player.makes or "real")
        if self.makes and name == self.player.output and found is not None:
            _, field = found
            front = None if kind.dtype == "uint8" else self._front(self.player.makes or "real")
            return Meaning(name, kind, field.meaning, front)
        return Meaning(name, kind)

    def labels(self, network: Network) -> tuple[tuple[str, tuple[str, ...]], ...]:
        """The classes that an input is asked for by."""
        found = []
        for port, read in zip(network.graph.fed, self.player.reads):
            known = self._field(read)
            if known is not None and known[1].meaning == "class":
                found.append((port.name, known[1].labels))
        return tuple(found)

    def _field(self, read: str) -> tuple[Profile, Field] | None:
        """The field that a source, or what a discriminator judges, is in the data."""
        if read in ("made", "pair"):
            read = self.player.judges or "real"
        if self.gan is None:
            return None
        block, _, name = dict(self.gan.fields).get(read, "").rpartition(".")
        for profile in self.profiles:
            field = profile.field(name)
            if field is not None and block in ("", profile.data):
                return profile, field
        return None

    def _front(self, read: str, type: TensorType | None = None) -> Front | None:
        """How its raw values become numbers; of a pair those of both, channel by channel."""
        found = self._field(read)
        if found is None:
            return None
        profile, field = found
        front = profile.front(field.name)
        if read != "pair" or not isinstance(front, Pixels) or type is None:
            return front
        source = next(s for s in self.sources if s.kind == "condition" and s.type.rank == PICTURE)
        other = self._front(source.name)
        if not isinstance(other, Pixels):
            return None
        first, total = source.type.dims[0], type.dims[0]
        if not isinstance(first, int) or not isinstance(total, int):
            return None
        mean, std = (
            _wide(a, first) + _wide(b, total - first)
            for a, b in ((other.mean, front.mean), (other.std, front.std))
        )
        return Pixels(mean, std, front.range, front.fit)


def _wide(values: tuple[float, ...], channels: int) -> tuple[float, ...]:
    return values * channels if len(values) == 1 else values
