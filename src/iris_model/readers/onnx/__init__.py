"""ONNX graphs as programs of the engine: messages, tensors, steps."""
