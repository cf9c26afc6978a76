"""nnc compiles a network written as text: it checks it, trains it with PyTorch, and exports ONNX."""

__version__ = "0.1.0"
