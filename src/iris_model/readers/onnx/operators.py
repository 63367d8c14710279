"""The operators of ONNX that compile, for the reference page. A test compares them with those of the engine."""

from __future__ import annotations

# What the reader replaces, so that the engine has no such step.
REPLACED = "If ZipMap"
OPERATORS = {
    "ai.onnx": (
        "Abs Acos Acosh Add And ArgMax ArgMin Asin Asinh Atan Atanh BatchNormalization BitShift Cast CastLike Ceil Celu "
        "Clip Concat Constant ConstantOfShape Cos Cosh CumSum DepthToSpace Div Dropout Elu Equal Erf Exp Expand EyeLike "
        "Flatten Floor Gather GatherElements GatherND Gelu Gemm Greater GreaterOrEqual GroupNormalization HardSigmoid "
        "HardSwish Hardmax Identity InstanceNormalization IsInf IsNaN LayerNormalization LeakyRelu Less LessOrEqual Log "
        "LogSoftmax LpNormalization MatMul Max Mean MeanVarianceNormalization Min Mish Mod Mul Neg NonZero Not OneHot Or "
        "PRelu Pad Pow RMSNormalization Range Reciprocal ReduceL1 ReduceL2 ReduceLogSum ReduceLogSumExp ReduceMax "
        "ReduceMean ReduceMin ReduceProd ReduceSum ReduceSumSquare Relu Reshape ReverseSequence Round Selu Shape Shrink "
        "Sigmoid Sign Sin Sinh Size Slice Softmax Softplus Softsign SpaceToDepth Split Sqrt Squeeze Sub Sum Swish Tan "
        "Tanh ThresholdedRelu Tile TopK Transpose Trilu Unsqueeze Where Xor If AveragePool Conv GlobalAveragePool GlobalLpPool "
        "GlobalMaxPool LpPool MaxPool GRU LSTM RNN"
    ),
    "ai.onnx.ml": (
        "ArrayFeatureExtractor Binarizer CategoryMapper FeatureVectorizer Imputer LabelEncoder LinearClassifier "
        "LinearRegressor Normalizer OneHotEncoder SVMClassifier SVMRegressor Scaler TreeEnsemble TreeEnsembleClassifier "
        "TreeEnsembleRegressor ZipMap"
    ),
}
REMARKS = {
    "BatchNormalization": "not in training mode",
    "Dropout": "not in training mode",
    "Conv": "float32 and float64",
    "GRU": "float32",
    "If": "with a constant condition",
    "LSTM": "float32",
    "RNN": "float32",
}


def render_operators() -> list[str]:
    """Return the section of the reference page."""
    lines = [
        "## ONNX operators",
        "",
        "An ONNX file compiles if its graph has only these operators, with tensors of float32, float64, integers, booleans",
        "or strings. The answers are compared with onnxruntime: numbers are equal within 1e-6, plus the rounding of what is",
        "added up, and labels are equal. A file with any other operator runs with onnxruntime.",
    ]
    for domain, names in OPERATORS.items():
        lines += ["", f"| {domain} | remarks |", "|---|---|"]
        lines += [f"| `{name}` | {REMARKS.get(name, '')} |" for name in sorted(names.split())]
    return lines
