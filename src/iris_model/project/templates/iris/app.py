from iris_model.runtime import Model

model = Model.load("iris_trained_model")  # once per sandbox; finds the compiled model, else .onnx, else the original


def handler(event, context):
    return model.answer(event)  # any Lambda event in, the matching response out
