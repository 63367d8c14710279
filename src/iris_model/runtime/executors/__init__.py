"""Executors for models that are not compiled: their own library, or onnxruntime."""
