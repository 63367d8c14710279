"""Compile ONNX models: the graph as a program of the engine, verified against onnxruntime row by row."""
