"""The end of a run: the weights that stay, the export, the results, and the record of it all."""

from __future__ import annotations

import torch
from torch import Tensor

from nnc.diagnostics import Refusal
from nnc.record import replace
from nnc.train.checkpoints import all_finite, checkpoints, load_checkpoint, save_tensors
from nnc.train.evaluation import Evaluation, evaluate, most_frequent
from nnc.train.folder import WEIGHTS
from nnc.train.job import Exported, Outcome, Results, Status
from nnc.train.jsonfile import BadFile
from nnc.train.monitor import Best
from nnc.train.report import Report
from nnc.train.run_record import BestRecord
from nnc.train.session import Session, by_player, flat

EXIT = {"": 0, "early_stop": 0, "interrupt": 130, "terminate": 143}


def end(session: Session, stopped: str, failed: str, report: Report) -> Outcome:
    """Keeps the best weights, exports and measures them, and writes run.json for the last time.

    Args:
        stopped: "" for the planned end, "early_stop", "interrupt" or "terminate".
        failed: what failed in training, "" if nothing.
    """
    weights = kept(session)
    job = session.job
    try:
        save_tensors(job.folder.path / WEIGHTS, flat(weights))
    except OSError as error:
        failed = failed or f"the weights could not be written: {error.strerror or error}"
    outcome = _plain_outcome(session, stopped, failed)
    session.ended(report.note)
    if not failed and stopped != "terminate":
        session.load(weights)
        outcome = _with_export(session, outcome, weights, report)
    best = outcome.best
    monitor = session.monitor
    job.folder.update(
        status=outcome.status,
        stopped_by=outcome.stopped_by,
        best=None
        if monitor is None or not best.epoch
        else BestRecord(best.epoch, best.step, outcome.monitor, best.value),
        metrics=_with_baseline(outcome),
        baseline_part=next((p for p in ("test", "validation") if outcome.baseline.get(p)), ""),
        exports=outcome.exports,
    )
    return outcome


def kept(session: Session) -> dict[str, Tensor]:
    """The best weights, else the current ones, else (those are not finite) the last that were."""
    if session.best is not None:
        return session.best
    current = session.kept_weights()
    if all_finite(current):
        return current
    for path in checkpoints(session.job.folder.checkpoints):
        try:
            _, tensors = load_checkpoint(path)
            return {name: tensors[f"weights/{name}"] for name in current}
        except (BadFile, KeyError):
            continue
    return current if session.good is None else session.good


def _plain_outcome(session: Session, stopped: str, failed: str) -> Outcome:
    status: Status = "failed" if failed else "interrupted" if EXIT[stopped] else "finished"
    monitor = session.monitor
    return Outcome(
        status=status,
        exit_code=4 if failed else EXIT[stopped],
        stopped_by=failed or stopped,
        seconds=session.seconds,
        epochs=session.epochs_done,
        of=session.epochs,
        step=session.step,
        best=Best() if monitor is None else monitor.best,
        monitor="" if monitor is None else monitor.key,
    )


def _with_export(
    session: Session, outcome: Outcome, weights: dict[str, Tensor], report: Report
) -> Outcome:
    exporter = session.job.exporter
    exported = Exported(())
    if exporter is not None:
        try:
            exported = exporter.after(by_player(weights))
        except (Refusal, OSError) as error:  # the weights are on disk; `nnc build` can try again
            exported = Exported((), failure=str(error))
    if exported.failure:
        report.note(f"no export: {exported.failure}")
        outcome = replace(outcome, exit_code=outcome.exit_code or 3, stopped_by=exported.failure)
    waiting = outcome.status == "interrupted"  # a person, who wants to leave
    unmeasured = waiting or session.plan.gan is not None
    results = {} if unmeasured else measured(session, exported)
    metrics = {part: result.metrics or {"loss": result.loss} for part, result in results.items()}
    if session.carried and exported.predictor is not None and not waiting:
        said = "model.onnx starts each window from zeros; validation while training carried on"
        if not exported.follows:
            report.note(f"{said}; with `export X {{ streaming }}` step.onnx carries on too")
    exports = exported.exports
    if exporter is not None and not exported.failure:
        try:
            exports = exporter.finish(exported, metrics)
        except OSError as error:
            report.note(f"the results could not be written into the file: {error}")
    return replace(
        outcome,
        metrics=metrics,
        baseline={part: result.baseline for part, result in results.items() if result.baseline},
        baseline_words="" if unmeasured else _baseline_words(session),
        measured_on="" if unmeasured else exported.measured_on or "PyTorch",
        exports=exports,
    )


def measured(session: Session, exported: Exported) -> dict[str, Evaluation]:
    """Results on validation and test, of the exported file or else of the module, in float32."""
    predictor = exported.predictor
    memory = session.memories.get(session.job.members[0].name) if predictor is None else None
    follow = exported.follows or memory is not None
    batch = session.plan.batch * (1 if follow else 2)
    profile, data = session.job.data.profile, session.job.data
    place = session.place if predictor is None else torch.device("cpu")
    exam = session.examination(place, baseline=True)
    for member in session.members.values():
        member.module.eval()
    results = {}
    for name in ("validation", "test"):
        part = profile.part(name)
        if part is None or not part.samples or session.job.overfit:
            continue
        feed = session.feed(data.part(name), place=place)
        answers = predictor or session.predictor(exam)
        results[name] = evaluate(exam, answers, feed, batch, memory=memory, follow=follow)
    return results


def _baseline_words(session: Session) -> str:
    exam = session.examination()
    for metric in session.plan.metrics:
        lesson = exam.lessons[metric.output]
        if lesson.task == "values":
            return "always the mean"
        common = most_frequent(lesson, session.job.data.profile)
        if common is not None:
            return f'always "{lesson.labels[common]}"'
    return ""


def _with_baseline(outcome: Outcome) -> Results:
    baseline = outcome.baseline.get("test") or outcome.baseline.get("validation")
    return {**outcome.metrics, **({"baseline": baseline} if baseline else {})}
