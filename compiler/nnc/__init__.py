"""nnc compiles networks written as text: checks them, trains with PyTorch, exports ONNX."""

__version__ = "0.1.0"
