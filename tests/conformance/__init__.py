"""Thousands of cases of ONNX, PyTorch and ONNX Runtime put to the engine: same, different, or cannot be expressed."""
