"""The training loop: bare PyTorch around the phases' step functions."""

from __future__ import annotations

import os
import time
import warnings
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress

import torch
from torch import Tensor

from nnc.diagnostics import Refusal, rule
from nnc.ir.plan import TrainPlan
from nnc.train.checkpoints import all_finite, checkpoints, load_checkpoint, save_tensors
from nnc.train.device import Device, choose_device
from nnc.train.ending import end
from nnc.train.evaluation import Evaluation, Examination, Stopped, TorchPredictor, evaluate
from nnc.train.events import Events
from nnc.train.files import file_span
from nnc.train.folder import WEIGHTS
from nnc.train.gan.session import GanSession
from nnc.train.guard import guarded
from nnc.train.job import Checked, Job, Outcome
from nnc.train.jsonfile import BadFile, Json, finite
from nnc.train.report import EpochLine, Progress, Report, Started, Tee, log_report
from nnc.train.session import Session, by_player, flat
from nnc.train.signals import Signals
from nnc.train.snapshot import restore, save
from nnc.train.step import NotFinite
from nnc.train.warming import warm_up

NO_CHECKPOINT = rule(
    "NN487",
    "no-checkpoint",
    """
`--resume` goes on from the newest checkpoint in the run folder; there is none, or none can be used:
it was cut off, changed, or belongs to another network.
""",
)

SAVE_EVERY = 600.0
"""Seconds between checkpoints within an epoch."""


def train(job: Job, report: Report) -> Outcome:
    """Trains, exports what is best, measures it, and leaves all in the run folder.

    Raises:
        Refusal: the job cannot be done as asked (nothing is lost: what was trained is saved).
        KeyboardInterrupt: Ctrl-C twice.
    """
    device = choose_device(job.device, job.plan, job.threads)
    log = log_report(job.folder.path)
    both = Tee(report, log)
    try:
        with Signals() as signals, numerics(job.plan, device), warnings.catch_warnings():
            # PyTorch copies the input for `padding=same` with even kernels, and says so
            warnings.filterwarnings("ignore", "Using padding='same' with even kernel")
            # torch.compile looks at the .grad of what was made before, and PyTorch wonders why
            warnings.filterwarnings("ignore", "The .grad attribute of a Tensor that is not a leaf")
            return Trainer(job, device, both, signals).run()
    except KeyboardInterrupt:
        job.folder.update(status="interrupted", stopped_by="interrupt")
        raise
    except BaseException as error:
        message = (
            error.diagnostics[0].message if isinstance(error, Refusal) else type(error).__name__
        )
        job.folder.update(status="failed", stopped_by=message)
        raise
    finally:
        log.close()


def session_of(job: Job, device: Device) -> Session:
    """What a job becomes before its first step."""
    return Session(job, device) if job.plan.gan is None else GanSession(job, device)


@contextmanager
def numerics(plan: TrainPlan, device: Device) -> Iterator[None]:
    """Sets PyTorch's switches of repeatability for a run, and puts them back."""
    before = torch.are_deterministic_algorithms_enabled(), torch.backends.cudnn.benchmark
    if plan.deterministic:
        os.environ.setdefault("CUBLAS_WORKSPACE_CONFIG", ":4096:8")  # cuBLAS reads it at its start
        torch.use_deterministic_algorithms(True)
    torch.backends.cudnn.benchmark = device.name.startswith("cuda") and not plan.deterministic
    try:
        yield
    finally:
        torch.use_deterministic_algorithms(before[0])
        torch.backends.cudnn.benchmark = before[1]


class Trainer:
    """Runs a session to its end, and keeps its folder and its listeners up to date."""

    def __init__(self, job: Job, device: Device, report: Report, signals: Signals) -> None:
        torch.manual_seed(job.plan.seed)
        self.session = session_of(job, device)
        self.report = report
        self.signals = signals
        self.resumed = self._resume() if job.resume else 0
        self.events = Events(job.folder.path / "tensorboard", self.resumed, report.note)
        self._exam: tuple[Examination, TorchPredictor] | None = None
        self._told = self._saved = time.perf_counter()
        self._kept = (-1, True)  # the step and state of the newest checkpoint
        self._unwritten: dict[str, Tensor] | None = None  # weights that are to be on disk

    # --- before -----------------------------------------------------------------------------------

    def _resume(self) -> int:
        session, folder = self.session, self.session.job.folder
        found = checkpoints(folder.checkpoints)
        why = "there is no checkpoint"
        for path in found:
            try:
                state, tensors = load_checkpoint(path)
                restore(session, state, tensors)
            except BadFile as error:
                why = f"checkpoint {path.name} cannot be used: {error}"
                self.report.note(why)
                torch.manual_seed(session.plan.seed)
                # What was restored in part must not stay.
                session = self.session = session_of(session.job, session.device)
                continue
            self._other_length(state.total)
            folder.cut(state.lines)
            folder.update(
                status="running", stopped_by="", resumed=(*folder.record.resumed, state.step)
            )
            return state.step
        help = "start again without `--resume`"
        raise Refusal(NO_CHECKPOINT.at(file_span(folder.path), why, help=help))

    def _other_length(self, before: int) -> None:
        """Tells of a learning rate that another length makes jump."""
        session = self.session
        words = {updater.group.schedule.word for updater in session.updaters}
        for word in sorted(words & {"cosine", "linear"}):
            if before and before != session.span.total and session.step:
                self.report.note(
                    f"{word} falls over the whole run: another length makes the learning rate jump"
                )

    def _prepare(self) -> None:
        session, job, plan = self.session, self.session.job, self.session.plan
        checked: Checked | None = None
        if job.exporter is not None:
            checked = job.exporter.before(by_player(session.weights()))
        device = session.device
        job.folder.update(
            device=device.described,
            precision=device.precision,
            threads=device.threads,
            seeds={**job.folder.record.seeds, "train": plan.seed},
            batch={
                "global": plan.batch,
                "per_device": -(-plan.batch // job.accumulate),
                "accumulate": job.accumulate,
            },
        )
        monitor = f"validation {session.monitor.key}" if session.monitor else ""
        steps = len(session.bounds)
        self.report.started(
            Started(plan, device, session.epochs, steps, monitor, checked, self.resumed)
        )
        if session.merged:
            size = session.bounds[-1][1] - session.bounds[-1][0]
            self.report.note(f"the last batch has {size} samples: batch_norm cannot learn from one")
        if self.resumed and session.stopper is not None and session.stopper.exhausted:
            self.report.note("the run stopped early: nothing is left to train")
        if session.valid is None and session.plan.gan is None:
            self.report.note("no validation part: the last weights are kept")
        warm_up(session, self.report.note)

    # --- the loop ---------------------------------------------------------------------------------

    def run(self) -> Outcome:
        """Trains to the end, or to what stops it."""
        session = self.session
        stopped, failed = "", ""
        try:
            self._prepare()
            session.begin(session.seconds)
            stopped = self._epochs()
        except NotFinite as error:
            failed = self._not_finite(error)
        except Refusal:
            with suppress(NotFinite):
                self._save()  # unreadable data, say: what was learnt stays
            raise
        except torch.OutOfMemoryError:
            failed = f"out of memory at step {session.step + 1:,}: use a smaller batch"
        finally:
            self.events.close()
        outcome = end(session, stopped, failed, self.report)
        self.report.ended(outcome)
        return outcome

    def _epochs(self) -> str:
        session = self.session
        while session.step < session.span.total or not session.evaluated:
            if session.stopper is not None and session.stopper.exhausted and session.evaluated:
                break
            began = time.perf_counter()
            seen, waited = self.train_epoch()
            took = time.perf_counter() - began
            try:
                result = None if self.signals.stop else self._evaluate()
            except Stopped:
                result = None
            if self.signals.stop:
                self._save()
                return self.signals.stop
            self._ended_epoch(result, seen / took if took else 0.0, waited / took if took else 0.0)
            if time.perf_counter() - self._saved >= session.job.pause:
                self._save()
        self._save()
        early = session.stopper is not None and session.stopper.exhausted
        return "early_stop" if early and session.epochs_done < session.epochs else ""

    def train_epoch(self) -> tuple[int, float]:
        """Trains the rest of the epoch; samples seen, and seconds spent waiting for data."""
        session, losses, signals = self.session, self.session.losses, self.signals
        if not session.batch:
            losses.start()
        session.learn()
        bounds = session.bounds[session.batch : session.limit]
        if not bounds:
            return 0, 0.0
        session.evaluated = False
        batches = session.train.batches(session.order(), bounds, session.epoch)
        clock, tick = time.perf_counter, self._tick
        seen, waited = 0, 0.0
        before = began = clock()
        for raw, size in batches:
            start = clock()
            waited += start - before
            session.set_rates()
            losses.step = session.step
            for phase, step in session.phases:
                if session.step % phase.every == 0:
                    guarded(step, raw, size)
            session.step += 1
            session.batch += 1
            seen += size
            before = clock()
            if before - self._told > 0.1 or signals.save:
                tick(before, seen / (before - began))
            if signals.stop:
                break
        batches.close()  # what was read ahead
        losses.step = session.step
        losses.fetch()
        return seen, waited

    def _tick(self, now: float, rate: float) -> None:
        session = self.session
        self._told = now
        self.report.progress(
            Progress(
                session.epoch + 1,
                session.epochs,
                session.batch,
                session.limit,
                "train",
                session.losses.last,
                rate,
            )
        )
        if self.signals.save or now - self._saved > SAVE_EVERY:
            session.losses.fetch(session.step)
            self._save()

    def _evaluate(self) -> Evaluation | None:
        session = self.session
        if session.valid is None:
            return None
        for member in session.members.values():
            member.module.eval()
        if self._exam is None:
            exam = session.examination()
            self._exam = exam, session.predictor(exam)
        exam, predictor = self._exam
        memory = session.memories.get(session.job.members[0].name)
        # Without gradients twice as much fits; what is carried wants long lanes instead.
        batch = session.plan.batch * (1 if session.carried else 2)
        stop = self.signals
        return evaluate(exam, predictor, session.valid, batch, lambda: bool(stop.stop), memory)

    def _ended_epoch(self, result: Evaluation | None, rate: float, share: float) -> None:
        session = self.session
        values = {} if result is None else {"loss": result.loss} | result.metrics
        number, lr = session.epoch + 1, session.rate()
        best = self._keep_best(values, number)
        line = EpochLine(
            number,
            session.epochs,
            session.step,
            session.losses.mean,
            float("nan") if result is None else result.loss,
            {} if result is None else result.metrics,
            lr,
            rate,
            share,
            session.seconds,
            best,
            session.shown(),
        )
        self._log(line, values)
        session.epoch_ended(number, self.report.note, self.events)
        session.evaluated = True
        if session.batch == len(session.bounds):
            session.epoch, session.batch = number, 0
        self.report.epoch(line)

    def _keep_best(self, values: dict[str, float], epoch: int) -> bool:
        session = self.session
        if session.stopper is not None:
            session.stopper.epoch(values, epoch, session.step)
        better = session.monitor is None or session.monitor.epoch(values, epoch, session.step)
        if session.falls is not None:
            if session.falls is not session.monitor:
                session.falls.epoch(values, epoch, session.step)
            session.plateaus.epoch(session.falls.improved)
        if better:
            weights = session.kept_weights()
            if not all_finite(weights):
                raise NotFinite(session.step, float("nan"), clean=False)
            session.best = None if session.monitor is None else weights
            self._unwritten = weights
        return better and session.monitor is not None

    def _log(self, line: EpochLine, values: dict[str, float]) -> None:
        common: dict[str, Json] = {"step": line.step, "epoch": line.epoch}
        seconds = round(line.elapsed, 3)
        said: dict[str, Json] = {"loss": finite(line.loss)}
        said.update((name, finite(value)) for name, value in line.players.items())
        lines = [common | {"part": "train", "seconds": seconds} | said | {"lr": line.lr}]
        if values:
            found: dict[str, Json] = {name: finite(value) for name, value in values.items()}
            lines.append(
                common | {"part": "validation", "seconds": seconds} | found | {"lr": line.lr}
            )
        self._guarded(lambda: self.session.job.folder.append(lines), "metrics")
        tags = {"train/loss": line.loss, "train/lr": line.lr}
        tags |= {f"validation/{name}": value for name, value in values.items()}
        tags |= {f"train/{name}": value for name, value in line.players.items()}
        self.events.scalars(line.step, tags)

    # --- saving -----------------------------------------------------------------------------------

    def _save(self) -> None:
        self.signals.save = False
        self._saved = time.perf_counter()
        session, finite_weights = self.session, True
        now = (session.step, session.evaluated)
        if now == self._kept:
            return

        def write() -> None:
            nonlocal finite_weights
            if self._unwritten is not None:
                save_tensors(session.job.folder.path / WEIGHTS, flat(self._unwritten))
                self._unwritten = None
            finite_weights = save(session)
            self._kept = now

        self._guarded(write, "checkpoint")
        if not finite_weights:
            raise NotFinite(session.step, float("nan"), clean=False)

    def _guarded(self, write: Callable[[], None], what: str) -> None:
        """Training goes on when a disk is full: there will be another checkpoint."""
        try:
            write()
        except OSError as error:
            self.report.note(f"the {what} could not be written: {error.strerror or error}")

    def _not_finite(self, error: NotFinite) -> str:
        session = self.session
        if error.clean and all_finite(session.weights()):
            session.losses.step = session.step
            self._save()
        return str(error)
