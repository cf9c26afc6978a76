"""Layers that act while training only."""

from __future__ import annotations

from nnc.ir.arguments import real
from nnc.layers.base import Case, Layer, OnnxWriter, Ref, TorchWriter, layer


@layer("dropout")
class Dropout(Layer):
    """While training, zeroes elements at random and scales up the others; else passes its input on.

    Any shape. Srivastava et al., 2014. PyTorch: F.dropout; ONNX: nothing.
    """

    p: float = real("share of elements that are zeroed", default=0.5, least=0, most=1)

    cases = (
        Case("dropout", "[4, 5]", "[4, 5]"),
        Case("dropout(0.1)", "[3, H]", "[3, H]"),
        Case("dropout(1.5)", "[4]", refused="NN205"),
    )

    def torch(self, w: TorchWriter, x: Ref) -> Ref:
        return w.call("F.dropout", x, self.p, training=w.training)

    def onnx(self, w: OnnxWriter, x: Ref) -> Ref:
        return x
