"""What `nnc eval` needs: a model, the plan it was trained by, and a part of data."""

from __future__ import annotations

from collections.abc import Mapping
from importlib.util import find_spec
from pathlib import Path

from nnc.backends.weights import read_matching, read_weights
from nnc.check import Checked
from nnc.cli import opened, places, resume, specs
from nnc.cli.console import Console
from nnc.cli.failures import relative, unusable
from nnc.cli.models import built_file, model_file
from nnc.cli.names import public_name
from nnc.cli.run import whole
from nnc.deploy.about import STEPS
from nnc.deploy.evaluate import Model
from nnc.deploy.inputs import RawRunner
from nnc.deploy.likeness import like_of
from nnc.deploy.meanings import Recipe, data_digest, shipped
from nnc.deploy.session import Session
from nnc.deploy.windows import Windows
from nnc.diagnostics import Refusal
from nnc.ir.graph import Network
from nnc.ir.plan import DataPlan, Part, Profile, TrainPlan
from nnc.ir.walk import weight_table
from nnc.passes.carrying import carriers
from nnc.record import Record, replace
from nnc.source import Source
from nnc.train.data import Dataset, open_data
from nnc.train.data.profile_json import profile_from_json
from nnc.train.folder import Run


class Trained(Record):
    """A trained network: its file, its plan bound to its data, and its run if that is known.

    `size`: the (height, width) that its pictures had in training, where it is told. `digest`: of
    the data it was made with, where a file alone tells it.
    """

    path: Path
    plan: TrainPlan
    network: Network
    data_plan: DataPlan
    profile: Profile
    checked: Checked
    run: Run | None
    size: tuple[int, ...] = ()
    digest: str = ""

    @property
    def onnx(self) -> Model:
        """The exported file."""
        session = Session(self.path)
        return Windows(session, self.network) if self.follows else RawRunner(session)

    @property
    def follows(self) -> bool:
        """What it remembers of each window of a text goes on into the next: a file of one step."""
        return self.path.name == STEPS

    def pytorch(self) -> Model | None:
        """The weights in PyTorch; None where there are only the file's, or no PyTorch."""
        if self.run is None or not self.run.weights.is_file() or find_spec("torch") is None:
            return None
        from nnc.backends.torch_module import build
        from nnc.deploy.export import around_of
        from nnc.deploy.reference import Reference  # torch takes seconds to load
        from nnc.train.memory import Memory

        recipe = Recipe(self.network, self.plan, self.profile)
        table = weight_table(self.network)
        weights, found = read_matching(self.run.weights, table)
        if found.missing or found.different:  # what was not exported is left over, and may be
            weights = read_weights(self.run.weights, table)
        module = build(self.network, weights)
        if self.follows:
            Memory(module, carriers(self.network)).on = True
        return Reference(self.network, weights, around_of(recipe), module)


def trained(path: str, moved: Mapping[str, str], console: Console) -> Trained:
    """The network of a RUN or a MODEL.

    Raises:
        Refusal: there is none, or it does not say what it was made of.
    """
    if places.kind(path) == "run" and built_file(path) is None:
        run = places.run_at(path, "finished", console)
        text = specs.load(str(run.path / "spec.nn")).text
        source = Source(public_name(run.record.spec or "spec.nn"), text)
        profile = profile_from_json(specs.load(str(run.path / "data.json")).text)
        paths = resume.moved_of(run) | {**moved}
        checked = _checked(source, paths, {profile.data: profile}, resume.root_of(run))
        plan = _plan(checked, run.record.network, run.record.block)
        sizes = [profile.picture_size(field.name) for field in profile.fields]
        file = model_file(str(run.path), console)
        steps = file.with_name(STEPS)
        if profile.carried and file.name == "model.onnx" and steps.is_file():
            file = steps
        found = _trained(file, plan, checked, profile, run)
        return replace(found, size=next(filter(None, sizes), ()))
    file = model_file(path, console, "eval")
    about = whole(Session(file)).about
    if not about.spec:
        raise unusable(f"{relative(path)} does not hold the spec that it was made of")
    source = Source(relative(path), about.spec)
    plan = _plan(_checked(source, moved, {}, ""), about.network, about.train)
    profile = like_of(about)
    checked = _checked(source, moved, {}, "")
    size = next((value.size for value in about.inputs if value.size), ())
    alone = _trained(file, plan, checked, profile, None)
    return replace(alone, size=size, digest=about.data)


def elsewhere(found: Trained, moved: Mapping[str, str]) -> dict[str, str]:
    """The data paths of the command line without those that the run itself was given."""
    own = {} if found.run is None else resume.moved_of(found.run)
    return {
        name: path
        for name, path in moved.items()
        if name not in own or Path(own[name]).resolve() != Path(path).resolve()
    }


def dataset(found: Trained, moved: Mapping[str, str], console: Console) -> tuple[Trained, Dataset]:
    """The data, read as it was for training; the plan bound to it where the run did not bind it.

    Other data than that of training (`moved`) counts whole where it has no parts of its own.

    Raises:
        Refusal: it is not there, or does not fit what the network was trained on.
    """
    plan = found.data_plan
    data = _opened(found, whole=plan.name in moved)
    for note in data.notes:
        console.note(f"note: {console.shown(note)}")
    if found.run is not None:
        return found, data
    checked = _checked(found.checked.source, moved, {plan.name: data.profile}, "")
    bound = _plan(checked, found.plan.network, found.plan.name)
    whole = _trained(found.path, bound, checked, data.profile, None)
    return replace(whole, size=found.size, digest=found.digest), data


def _opened(found: Trained, *, whole: bool) -> Dataset:
    plan = found.data_plan
    labels = next((f.labels for f in found.profile.fields if f.role == "target" and f.labels), None)
    with opened.elsewhere(plan):
        return open_data(
            plan if plan.size else replace(plan, size=found.size),
            shape=opened.picture_type(found.checked, plan.name, found.plan.network),
            labels=labels,
            whole=whole,
            like=found.profile,
        )


def sameness(found: Trained, data: Profile, part: str, moved: bool) -> tuple[str, ...]:
    """What is to be told of how data to measure on differs from that of training, line by line.

    Args:
        part: that is measured.
        moved: it was asked for other data.
    """
    name = found.data_plan.name
    if found.run is None:
        other = bool(found.digest) and found.digest != data_digest(data)
        return (_other(name, moved),) if other else ()
    then = {p.name: p for p in found.profile.parts}
    now = {p.name: p for p in data.parts}
    learnt = next((p for p in then.values() if p.fingerprint == now[part].fingerprint), None)
    if moved and learnt is None and _all_of_it(found, now[part]):
        said = f"{name}: these are all samples that the run was made with, those learnt from too"
        return (said,)
    if moved and learnt is None:
        return (_other(name, moved),)
    if moved and learnt is not None:
        return (f"{name}: these are the samples of the run's {learnt.name} part",)
    return tuple(
        f"{name}, part {p.name}, is not what the run was made with: "
        + (f"{p.samples:,} samples then, {_samples(now.get(p.name))} now")
        for p in then.values()
        if p.name not in now or now[p.name].fingerprint != p.fingerprint
    )


def _all_of_it(found: Trained, measured: Part) -> bool:
    """A part that counts whole has the samples of all parts of the run."""
    then = {(p.name, p.fingerprint) for p in found.profile.parts}
    if measured.samples != sum(p.samples for p in found.profile.parts):
        return False
    try:
        again = _opened(found, whole=False).profile
    except Refusal:  # it cannot be divided as the run's data was
        return False
    return {(p.name, p.fingerprint) for p in again.parts} == then


def _other(name: str, moved: bool) -> str:
    if moved:
        return f"{name}: other data than the network was made with"
    return f"{name} is not the data that the network was made with: it has changed since"


def _samples(part: Part | None) -> str:
    return "none" if part is None else f"{part.samples:,}"


def _trained(
    path: Path, plan: TrainPlan, checked: Checked, profile: Profile, run: Run | None
) -> Trained:
    data = checked.data[plan.data[0]]
    recipe = shipped(
        Recipe(checked.networks[plan.network], plan, export=checked.exports.get(plan.network))
    )
    network, plan = recipe.network, recipe.plan or plan
    return Trained(path, plan, network, data, profile, checked, run)


def _checked(
    source: Source, moved: Mapping[str, str], profiles: Mapping[str, Profile], root: str
) -> Checked:
    checked = specs.check(source, {}, moved, profiles, root)
    if checked.errors:
        raise Refusal(*checked.diagnostics)
    return checked


def _plan(checked: Checked, network: str, block: str) -> TrainPlan:
    plan = specs.train_of(checked, network, block)
    if plan is not None and plan.gan is not None:
        help = "look at what it makes: `nnc sample RUN -o grid.png`"
        raise unusable(f"`{network}` is a gan: no number on data says how good it is", help=help)
    if plan is not None:
        return plan
    raise unusable(f"`{network}` was not trained by its spec: it has no train block")
