"""The setting `metric` of a train block."""

from __future__ import annotations

from nnc.check.arguments.bind import declared
from nnc.check.foreign import settingwords
from nnc.check.formulas.values import Unknown
from nnc.check.training.losses import find_output
from nnc.check.training.lossformulas import Outline
from nnc.check.training.training_rules import UNKNOWN_METRIC, WRONG_METRIC
from nnc.check.world import World
from nnc.diagnostics import Fix, nearest
from nnc.ir.plan import MetricPlan, Term
from nnc.ir.training import METRICS, Loss, Metric
from nnc.syntax import ast


def read_metrics(
    world: World, setting: ast.Setting | None, network: Outline, terms: tuple[Term, ...]
) -> tuple[MetricPlan, ...]:
    """Metrics, each of the output named or the one whose loss fits."""
    found = []
    outputs = network.outputs
    for e in setting.values if setting is not None and outputs else ():
        word = e.name if isinstance(e, ast.Call) else e.names[0] if isinstance(e, ast.Ref) else None
        cls = METRICS.get(word.text) if word is not None else None
        if cls is None or word is None:
            text = word.text if word is not None else e.span.text
            guess = _listed(e) or settingwords.METRICS.get(settingwords.plain(text), "")
            guess = guess or nearest(text.strip('[]"'), tuple(METRICS))
            world.sink.add(
                UNKNOWN_METRIC.at(
                    e.span,
                    "metrics stand without brackets"
                    if _listed(e)
                    else f"there is no metric `{text}`",
                    help=f"write `{guess}`"
                    if _listed(e)
                    else f"did you mean `{guess}`?"
                    if guess
                    else "there are " + ", ".join(f"`{m}`" for m in METRICS),
                    fix=_metric_fix(e, guess),
                )
            )
            continue
        output, call = None, e
        if (
            isinstance(e, ast.Call)
            and e.args
            and isinstance(e.args[0].value, ast.Ref)
            and e.args[0].name is None
        ):
            output = find_output(world, e.args[0].value, outputs)
            if output is None:
                continue
            call = ast.Call(e.span, e.name, e.args[1:])
        metric = declared(cls, word.text, call, world.scope, world.numbers)
        if isinstance(metric, Unknown):
            continue
        plan = _metric_output(world, metric, e, output, terms)
        if plan is not None:
            found.append(plan)
    return tuple(found)


_KINDS = {"class": "classes", "value": "numbers", "text": "texts"}


def _kind(loss: Loss) -> str:
    """What a loss makes of its output: classes also of yes and no."""
    return "class" if loss.word in ("bce", "bce_with_logits") else loss.target


def _fits(metric: Metric | type[Metric], loss: Loss) -> bool:
    """Whether an output with this loss has such a metric."""
    return metric.target == _kind(loss) and metric.of in ("", loss.word)


def _listed(e: ast.Expr) -> str:
    """The metrics of a list, or nothing where one of them is none."""
    items = e.items if isinstance(e, ast.List | ast.Tuple) else ()
    words = [item.span.text.strip("\"'") for item in items]
    known = all(word.partition("(")[0] in METRICS for word in words)
    return ", ".join(words) if known else ""


def _metric_fix(e: ast.Expr, guess: str) -> Fix | None:
    if isinstance(e, ast.List | ast.Tuple):
        return Fix(e.span, ", ".join(item.span.text.strip('"') for item in e.items))
    plain = isinstance(e, ast.Ref | ast.String)
    return Fix(e.span, guess) if guess and plain else None


def _metric_output(
    world: World, metric: Metric, e: ast.Expr, output: str | None, terms: tuple[Term, ...]
) -> MetricPlan | None:
    """The output that a metric is of: one whose loss speaks of the same kind of target."""
    fitting = [t.output for t in terms if _fits(metric, t.loss)]
    fitting = list(dict.fromkeys(fitting))
    if output is None and len(fitting) == 1:
        return MetricPlan(metric, fitting[0], e.span)
    if output is not None and (output in fitting or not terms):
        return MetricPlan(metric, output, e.span)
    if not terms:
        return None
    if output is None and len(fitting) > 1:
        world.sink.add(
            WRONG_METRIC.at(
                e.span,
                f"several outputs have a `{metric.word}`: {', '.join(fitting)}",
                help=f"say which: `{metric.word}({fitting[0]})`",
            )
        )
        return None
    learner = f"`{output}` learns" if output is not None else "the outputs learn"
    losses = [t.loss for t in terms if output in (None, t.output)] or [t.loss for t in terms]
    good = [m for m, cls in METRICS.items() if any(_fits(cls, loss) for loss in losses)]
    of, other = _KINDS[metric.target], _KINDS[_kind(losses[0])]
    message = f"`{metric.word}` is a metric of {of}, and {learner} {other}"
    if of == other:
        message = f"`{metric.word}` is a metric of `{metric.of}`, not of `{losses[0].word}`"
    help = "metrics that fit: " + ", ".join(f"`{m}`" for m in good)
    world.sink.add(WRONG_METRIC.at(e.span, message, help=help))
    return None
