from iris_model.runtime import Model

model = Model.load("iris_trained_model")  # once per sandbox: the compiled model, otherwise the .onnx or original one


def handler(event, context):
    return model.answer(event)  # reads any kind of Lambda event, and returns the response for it
