"""What a file says about itself: the meaning of its inputs and outputs, labels, hashes."""

from __future__ import annotations

import json
from collections.abc import Mapping
from hashlib import sha256

import numpy as np

from nnc.backends.arrays import Array
from nnc.backends.onnx_metadata import Card, Meaning, Task, metadata
from nnc.deploy.about import BARE, SIZES
from nnc.deploy.noise import told
from nnc.deploy.roles import Role
from nnc.ir.conditions import Condition, to_json
from nnc.ir.graph import Graph, Network, Port
from nnc.ir.labels import labels_read
from nnc.ir.plan import Binding, ExportPlan, Field, Front, Profile, TrainPlan
from nnc.ir.vocabulary import Vocabulary
from nnc.ir.walk import weight_table
from nnc.passes.idtables import id_limits
from nnc.passes.inference import Ends, probability_name
from nnc.passes.prune import kept_plan, prune
from nnc.passes.streaming import Stepped
from nnc.record import Record, replace


class Recipe(Record):
    """What is exported.

    Args:
        network: as it is trained, without its ends.
        plan: the train block, bound to its data, where there is one.
        profile: of the plan's data.
        export: the export block.
        spec: the text that the file carries.
        role: of a player of a gan: what it plays, with what data.
    """

    network: Network
    plan: TrainPlan | None = None
    profile: Profile | None = None
    export: ExportPlan | None = None
    spec: str = ""
    role: Role | None = None

    @property
    def bare(self) -> bool:
        """No fronts in the file: it takes the network's numbers."""
        return self.export is not None and self.export.bare

    @property
    def binding(self) -> Binding:
        """Which field feeds what; nothing where no data is known."""
        found = self.plan.binding if self.plan is not None else None
        return found if found is not None and self.profile is not None else Binding((), ())

    def field(self, name: str) -> Field | None:
        """A field of the data."""
        return None if self.profile is None else self.profile.field(name)


def shipped(recipe: Recipe) -> Recipe:
    """The recipe of what the file holds: without what the outputs to export do not need."""
    outputs = recipe.export.outputs if recipe.export is not None else ()
    inner = recipe.plan is not None and labels_read(recipe.plan)  # what only a loss reads
    if not outputs and not inner:
        return recipe
    network = prune(recipe.network, outputs or None)
    plan = None if recipe.plan is None else kept_plan(recipe.plan, network)
    return replace(recipe, network=network, plan=plan)


def shipped_weights(
    recipe: Recipe, weights: Mapping[str, Array], whole: Network
) -> Mapping[str, Array]:
    """Those of the whole network's weights that the network of a recipe has, in its order.

    A weight whose owner is left out comes to the first layer that was tied to it.
    """
    rows = weight_table(whole)
    owner = {name: row.name for row in rows for name in (*row.also, *row.turned)}
    turned = {name for row in rows for name in row.turned}
    made: dict[str, Array] = {}
    for row in weight_table(recipe.network):
        array = weights[row.name if row.name in weights else owner[row.name]]
        turns = row.name in turned and row.name not in weights
        made[row.name] = np.ascontiguousarray(array.T) if turns else array
    return made


def entries(
    recipe: Recipe,
    whole: Network,
    around: Ends,
    weights: Mapping[str, Array],
    trained: bool,
    stream: Stepped | None = None,
) -> dict[str, str]:
    """The metadata of a file before it is run.

    Args:
        whole: the network with its ends.
        stream: where the file takes one step of a sequence at a time, what that network is.
    """
    labels = _labels(recipe)
    shown = recipe.export is None or recipe.export.labels
    of = whole if stream is None else stream.network
    graph = of.graph
    card = Card(
        network=recipe.network.graph.name,
        task=_task(recipe, dict(labels)),
        trained=trained,
        inputs=tuple(_limited(recipe, _input(recipe, graph, port)) for port in graph.inputs),
        outputs=tuple(_output(recipe, graph, port, around) for port in graph.outputs),
        labels=labels if shown else (),
        spec=recipe.spec if recipe.export is None or recipe.export.source else "",
        hashes=_hashes(recipe, weights),
        stream=stream,
        window=0 if stream is None else _window(recipe, stream),
        conditions=of.conditions,
        train=_block(recipe),
    )
    found = metadata(card)
    conditions = [to_json(c) for c in of.facts if isinstance(c, Condition)]
    if conditions:
        found[SIZES] = json.dumps(conditions, sort_keys=True)
    if recipe.bare:
        found[BARE] = "true"
    return found


def _window(recipe: Recipe, stream: Stepped) -> int:
    """How many steps the sequences of training have, where all have as many."""
    fields = dict(recipe.binding.inputs)
    known = [(recipe.field(fields.get(name, "")), axis) for name, axis in stream.inputs]
    sizes = {field.type.dims[axis] for field, axis in known if field is not None}
    (size,) = sizes if len(sizes) == 1 else (0,)
    return size if isinstance(size, int) else 0


def _block(recipe: Recipe) -> str:
    """The train block's name, where it is not the network's."""
    plan = recipe.plan
    if recipe.role is not None:
        return recipe.role.train
    return plan.name if plan is not None and plan.name != plan.network else ""


def doc(recipe: Recipe) -> str:
    """The file's one line about itself."""
    about = recipe.network.graph.doc.strip().splitlines()
    return " ".join(about[0].split()) if about else recipe.network.graph.name


LABELLED = ("class", "mask", "transcript")
"""Fields whose labels name an output's numbers; those of a text stand with its input."""


def _labels(recipe: Recipe) -> tuple[tuple[str, tuple[str, ...]], ...]:
    if recipe.role is not None:
        return recipe.role.labels(recipe.network)
    found = []
    fronts = () if recipe.profile is None else recipe.profile.fronts
    known = [front.tokens for _, front in fronts if isinstance(front, Vocabulary)]
    for output, name in recipe.binding.targets:
        field = recipe.field(name)
        read = field is not None and field.meaning == "tokens" and field.labels not in known
        if field is not None and field.labels and (field.meaning in LABELLED or read):
            found.append((output, field.labels))
    return tuple(found)


def _task(recipe: Recipe, labels: Mapping[str, tuple[str, ...]]) -> Task:
    if recipe.role is not None:
        return "generation" if recipe.role.makes else "other"
    fields = [recipe.field(name) for _, name in recipe.binding.targets]
    texts = ("transcript", "tokens")
    if labels and not any(f is not None and f.meaning in texts for f in fields):
        return "classification"
    inputs = [recipe.field(name) for _, name in recipe.binding.inputs]
    past = any(field is not None and field.meaning == "past" for field in inputs)
    for _, name in recipe.binding.targets:
        field = recipe.field(name)
        if field is not None and field.meaning == "tokens":
            return "language"
        if field is not None and field.role == "target" and field.meaning == "number":
            return "forecast" if past else "regression"
    return "other"


def _input(recipe: Recipe, graph: Graph, port: Port) -> Meaning:
    kind = graph.types[port.value]
    if port.drawn is not None:
        return Meaning(port.name, kind, "noise", drawn=told(port.drawn))
    if "." in port.name:  # no name of a spec has one
        return Meaning(port.name, kind, "state")
    if recipe.role is not None:
        return recipe.role.input(recipe.network, port.name, kind)
    name = dict(recipe.binding.inputs).get(port.name, "")
    field = recipe.field(name)
    if field is None or recipe.profile is None:
        return Meaning(port.name, kind)
    front, size = recipe.profile.front(name), recipe.profile.picture_size(name)
    rate = dict(recipe.profile.sizes).get("rate", 0) if field.meaning == "sound" else 0
    time = recipe.profile.time if field.meaning == "past" else None
    columns = field.columns
    return Meaning(port.name, kind, field.meaning, front, columns, size=size, rate=rate, time=time)


def _limited(recipe: Recipe, meaning: Meaning) -> Meaning:
    """The same with how many ids the network knows of an input that is given ids."""
    if meaning.type.dtype != "int64" or "." in meaning.name:
        return meaning
    return replace(meaning, ids=id_limits(recipe.network).get(meaning.name, 0))


def _output(recipe: Recipe, graph: Graph, port: Port, around: Ends) -> Meaning:
    kind = graph.types[port.value]
    for name, _ in around.heads:
        if port.name == probability_name(name):
            return Meaning(port.name, kind, "probability", of=name)
    if "." in port.name:
        return Meaning(port.name, kind, "state")
    if recipe.role is not None:
        return recipe.role.output(port.name, kind)
    binding = recipe.binding
    name = dict(binding.targets).get(port.name, "")
    field = recipe.field(dict(binding.inputs).get(name, name))
    if field is None:
        return Meaning(port.name, kind)
    if port.name in _probabilities(recipe) and field.meaning == "class":
        return Meaning(port.name, kind, "probability")
    front: Front | None = None
    if recipe.profile is not None and field.meaning == "transcript":
        front = recipe.profile.front(field.name)  # how tokens are spelled
    if recipe.profile is not None and field.role == "input":
        front = recipe.profile.front(field.name)  # an input that is learnt: what undoes its front
    columns = field.columns if field.meaning in ("number", "numbers") else ()
    return Meaning(port.name, kind, field.meaning, front, columns)


def _probabilities(recipe: Recipe) -> set[str]:
    """Outputs that a loss takes for probabilities."""
    if recipe.plan is None:
        return set()
    terms = (term for phase in recipe.plan.phases for term in phase.terms)
    return {term.output for term in terms if term.loss.needs == "probability"}


def _hashes(recipe: Recipe, weights: Mapping[str, Array]) -> tuple[tuple[str, str], ...]:
    found = [("weights", digest(weights))]
    if recipe.spec:
        found.append(("spec", sha256(recipe.spec.encode()).hexdigest()))
    profiles = (recipe.profile,) if recipe.role is None else recipe.role.profiles
    known = [profile for profile in profiles if profile is not None and profile.parts]
    if known:
        found.append(("data", data_digest(*known)))
    return tuple(found)


def data_digest(*profiles: Profile) -> str:
    """SHA-256 of the parts of data: their names and fingerprints, hexadecimal."""
    marks = "\n".join(f"{part.name} {part.fingerprint}" for p in profiles for part in p.parts)
    return sha256(marks.encode()).hexdigest()


def digest(weights: Mapping[str, Array]) -> str:
    """SHA-256 of weights: names, types, sizes and numbers in order."""
    whole = sha256()
    for name, array in weights.items():
        whole.update(f"{name} {array.dtype} {array.shape}\n".encode())
        whole.update(np.ascontiguousarray(array).reshape(-1).view(np.uint8).data)
    return whole.hexdigest()
