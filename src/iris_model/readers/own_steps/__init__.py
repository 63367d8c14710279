"""Steps of the user's own, marked with `iris_model.step`: their source becomes part of the compiled model."""
