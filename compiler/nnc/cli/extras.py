"""What generated PyTorch source says beside the network: its spec, labels, how raw data is read."""

from __future__ import annotations

import hashlib

from nnc.backends.torch_extras import Extras
from nnc.ir.plan import Profile, Scale, TrainPlan
from nnc.source import Source

LISTED = 2000
"""Of so many classes all are named in the source; a vocabulary of words stands in data.json."""


def extras(source: Source, plan: TrainPlan | None, profile: Profile | None) -> Extras:
    """The extras of a network's source.

    Args:
        source: the spec, under the name that is shown.
        plan: the train block with its binding, or None where the network has no data.
        profile: what opening the data found.
    """
    text = source.text
    sha256 = hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()
    if plan is None or plan.binding is None or profile is None:
        return Extras(spec=source.name, sha256=sha256)
    fronts = [(name, profile.front(field)) for name, field in plan.binding.inputs]
    labels = []
    for output, target in plan.binding.targets:
        field, front = profile.field(target), profile.front(target)
        if field is not None and 0 < len(field.labels) <= LISTED:
            labels.append((output, field.labels))
        if isinstance(front, Scale):
            fronts.append((output, front))
    return Extras(
        spec=source.name,
        sha256=sha256,
        labels=tuple(labels),
        sizes=tuple(
            (name, size)
            for name, field in plan.binding.inputs
            if (size := profile.picture_size(field))
        ),
        fronts=tuple((name, front) for name, front in fronts if front is not None),
    )
