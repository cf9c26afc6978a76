"""A session as a checkpoint, and back, to the bit."""

from __future__ import annotations

import torch
from torch import Tensor

from nnc.train.checkpoints import State, Waiting, all_finite, save_checkpoint, take
from nnc.train.jsonfile import BadFile
from nnc.train.monitor import Monitor
from nnc.train.session import Session
from nnc.train.step import Updater

# What PyTorch's optimizers of train/optimizers.py keep for a weight; scalars count its steps.
STATES = (
    "step",
    "exp_avg",
    "exp_avg_sq",
    "max_exp_avg_sq",
    "momentum_buffer",
    "square_avg",
    "grad_avg",
)


def save(session: Session) -> bool:
    """Writes a checkpoint into the run's folder; False, and nothing written, of broken weights.

    Raises:
        OSError: the disk is full, or the folder cannot be written.
    """
    weights = session.weights()
    if not all_finite(weights):
        return False
    save_checkpoint(session.job.folder.checkpoints, _state(session), _tensors(session, weights))
    session.good = None
    return True


def kept(session: Session) -> tuple[State, dict[str, Tensor]]:
    """A session as it is now, in memory, for `restore`."""
    tensors = _tensors(session, session.weights())
    return _state(session), {name: value.clone() for name, value in tensors.items()}


def _state(session: Session) -> State:
    monitor, plateaus = session.monitor, session.plateaus
    return State(
        step=session.step,
        epoch=session.epoch,
        batch=session.batch,
        evaluated=session.evaluated,
        loss=session.losses.sum,
        samples=session.losses.samples,
        seconds=session.seconds,
        lines=session.job.folder.lines(),
        monitor=_waiting(monitor),
        stopper=_waiting(session.stopper),
        falls=_waiting(session.falls),
        plateaus=tuple(zip(plateaus.factors, plateaus.waited)),
        best_is_current=_best_is_current(session),
        total=session.span.total,
    )


def _best_is_current(session: Session) -> bool:
    monitor = session.monitor
    return session.best is not None and monitor is not None and monitor.best.step == session.step


def _waiting(monitor: Monitor | None) -> Waiting:
    return Waiting() if monitor is None else Waiting(monitor.best, monitor.waited)


def _tensors(session: Session, weights: dict[str, Tensor]) -> dict[str, Tensor]:
    made = {f"weights/{name}": value for name, value in weights.items()}
    if session.best is not None and not _best_is_current(session):
        made |= {f"best/{name}": value for name, value in session.best.items()}
    for i, updater in enumerate(session.updaters):
        for place, weight in updater.weights.items():
            for key, value in updater.optimizer.state.get(weight, {}).items():
                if isinstance(value, Tensor):
                    made[f"optimizer/{i}/{updater.player}/{place}/{key}"] = value
    for player, memory in session.memories.items() if session.batch else ():
        made |= {f"memory/{player}/{name}": h for name, h in memory.tensors().items()}
    made |= session.more()
    made["rng/cpu"] = torch.get_rng_state()
    if session.place.type == "cuda":
        made["rng/cuda"] = torch.cuda.get_rng_state(session.place)
    return made


def restore(session: Session, state: State, tensors: dict[str, Tensor]) -> None:
    """Puts a checkpoint into a session.

    Raises:
        BadFile: it does not belong to these networks and optimizers. The session is not to be used
        then.
    """
    left = dict(tensors)
    current = session.weights()
    weights = {name: take(left, f"weights/{name}", like) for name, like in current.items()}
    best = {n: take(left, f"best/{n}", like) for n, like in current.items() if f"best/{n}" in left}
    if best and len(best) != len(current):
        raise BadFile("some of the best weights are missing")
    session.load(weights)
    session.best = weights if state.best_is_current else best or None
    for i, updater in enumerate(session.updaters):
        _load_optimizer(updater, i, left)
    session.take_more(left)
    _load_random(session, left)
    _load_memories(session, state, left)
    if left:
        raise BadFile(f"it holds {min(left)}, which this run does not have")
    _load_counts(session, state)
    session.restored()


def _load_counts(session: Session, state: State) -> None:
    if state.batch > len(session.bounds) or len(state.plateaus) != len(session.updaters):
        raise BadFile("it belongs to another data set or optimizer")
    session.step, session.epoch, session.batch = state.step, state.epoch, state.batch
    session.evaluated = state.evaluated
    session.losses.start(state.loss, state.samples)
    session.losses.step = state.step
    session.plateaus.factors = [share for share, _ in state.plateaus]
    session.plateaus.waited = [waited for _, waited in state.plateaus]
    # `falls` may be the monitor itself, which then wins: it is set last.
    for monitor, waiting in (
        (session.falls, state.falls),
        (session.stopper, state.stopper),
        (session.monitor, state.monitor),
    ):
        if monitor is not None:
            monitor.best, monitor.waited = waiting.best, waiting.waited
    session.begin(state.seconds)
    session.good = None


def _load_optimizer(updater: Updater, number: int, left: dict[str, Tensor]) -> None:
    states: dict[int, dict[str, Tensor]] = {}
    for at, (place, weight) in enumerate(updater.weights.items()):
        found = {}
        for key in STATES:
            name = f"optimizer/{number}/{updater.player}/{place}/{key}"
            if name not in left:
                continue
            like = torch.empty(()) if key == "step" else weight.detach()
            value = take(left, name, like)
            # The weight's own memory layout: fused optimizers insist on it.
            found[key] = value if key == "step" else torch.empty_like(like).copy_(value)
        if found:
            states[at] = found
    document = updater.optimizer.state_dict()
    updater.optimizer.load_state_dict(document | {"state": states})


def _load_memories(session: Session, state: State, left: dict[str, Tensor]) -> None:
    for player, memory in session.memories.items():
        start = f"memory/{player}/"
        names = [name for name in left if name.startswith(start)] if state.batch else []
        if state.batch and not names:
            raise BadFile("what its recurrent layers carried is missing")
        like = next(session.members[player].module.parameters())
        memory.load({name.removeprefix(start): left.pop(name) for name in names}, like)


def _load_random(session: Session, left: dict[str, Tensor]) -> None:
    cpu = take(left, "rng/cpu", torch.get_rng_state())
    cuda = left.pop("rng/cuda", None)
    try:
        torch.set_rng_state(cpu)
        if cuda is not None and session.place.type == "cuda":
            torch.cuda.set_rng_state(cuda, session.place)
    except (RuntimeError, TypeError) as error:
        raise BadFile(f"no state of a random generator: {str(error)[:80]}") from None
