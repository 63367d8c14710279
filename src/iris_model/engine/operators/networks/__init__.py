"""The steps of ONNX graphs: the module of each ONNX operator, imported when a graph first needs it.

Each module has a table FUNCTIONS: the name of an ONNX operator to a function of (inputs, attributes) that returns the
outputs. Inputs and outputs are `Array`s (arrays.py); an omitted optional input is None.
"""

TYPE_CHECKING = False
if TYPE_CHECKING:
    from .arrays import StepFunction

STEPS = {
    "activations": (
        "Abs Acos Acosh Asin Asinh Atan Atanh Ceil Celu Cos Cosh Elu Erf Exp Floor Gelu HardSigmoid HardSwish LeakyRelu "
        "Log Mish Neg Reciprocal Relu Round Selu Shrink Sigmoid Sign Sin Sinh Softplus Softsign Sqrt Swish Tan Tanh "
        "ThresholdedRelu"
    ),
    "elementwise": (
        "Add And BitShift Cast CastLike Clip Div Equal Greater GreaterOrEqual IsInf IsNaN Less LessOrEqual Max Mean Min "
        "Mod Mul Not Or PRelu Pow Sub Sum Where Xor"
    ),
    "indexing": "EyeLike Gather GatherElements GatherND NonZero OneHot Pad ReverseSequence Slice Trilu",
    "shaping": (
        "Concat Constant ConstantOfShape DepthToSpace Dropout Expand Flatten Identity Range Reshape Shape Size "
        "SpaceToDepth Split Squeeze Tile Transpose Unsqueeze"
    ),
    "reducing": (
        "ArgMax ArgMin CumSum ReduceL1 ReduceL2 ReduceLogSum ReduceLogSumExp ReduceMax ReduceMean ReduceMin ReduceProd "
        "ReduceSum ReduceSumSquare TopK"
    ),
    "products": "Dense Gemm MatMul",
    "normalizing": (
        "BatchNormalization GroupNormalization Hardmax InstanceNormalization LayerNormalization LogSoftmax "
        "LpNormalization MeanVarianceNormalization RMSNormalization Softmax"
    ),
    "windows": "AveragePool Conv GlobalAveragePool GlobalLpPool GlobalMaxPool LpPool MaxPool",
    "sequences": "GRU LSTM RNN",
    "features": (
        "ArrayFeatureExtractor Binarizer CategoryMapper FeatureVectorizer Imputer LabelEncoder Normalizer OneHotEncoder "
        "Scaler"
    ),
    "machines": "LinearClassifier LinearRegressor SVMClassifier SVMRegressor",
    "forests": "TreeEnsemble TreeEnsembleClassifier TreeEnsembleRegressor",
}
MODULE_OF = {op: module for module, names in STEPS.items() for op in names.split()}


def find_step(op: str) -> "StepFunction":
    """Return the function of an ONNX operator. Raises KeyError."""
    module = MODULE_OF[op]
    function: StepFunction = __import__(f"{__package__}.{module}", fromlist=("FUNCTIONS",)).FUNCTIONS[op]
    return function
