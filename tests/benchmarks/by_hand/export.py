"""Writes an ONNX file of a net with PyTorch's own exporter: export.py NET FILE [--fixed]."""

from __future__ import annotations

import sys
import time
import warnings
from pathlib import Path

import torch
from nets import NETS

warnings.simplefilter("ignore")  # the exporter's own, about itself

make, shape = NETS[sys.argv[1]]
file = Path(sys.argv[2])
module = make().eval()
example = torch.zeros(2, *shape)
sizes = None if "--fixed" in sys.argv else ({0: torch.export.Dim("batch")},)
start = time.process_time()
torch.onnx.export(
    module,
    (example,),
    file,
    input_names=["image"],
    dynamo=True,
    dynamic_shapes=sizes,
    verbose=False,
)
print(f"export alone {time.process_time() - start:.3f}")
print(sum(weight.numel() for weight in module.parameters()), "weights")
