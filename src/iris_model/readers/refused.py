"""The classes of scikit-learn that no reader is for, each with its reason.

A test holds that every estimator of scikit-learn has a reader or a line here. `NOT_YET` are those that could have a reader
and have none so far; writing one takes a class off that list by itself.
"""

from __future__ import annotations

_TRAINING_ROWS = "it answers for the rows it was trained on, and for no others"
_COVARIANCE = "it estimates a covariance, and has no answer for a row"
_TARGETS = "it transforms targets, not rows"
_GRAPH = "it finds neighbors and gives a sparse graph of them, which is no answer for a row"
_SOLVES = "every row is a problem of its own that it solves step by step, and where it stops depends on rounding"

REFUSED = {
    "sklearn.cluster.AgglomerativeClustering": _TRAINING_ROWS,
    "sklearn.cluster.DBSCAN": _TRAINING_ROWS,
    "sklearn.cluster.HDBSCAN": _TRAINING_ROWS,
    "sklearn.cluster.OPTICS": _TRAINING_ROWS,
    "sklearn.cluster.SpectralBiclustering": _TRAINING_ROWS,
    "sklearn.cluster.SpectralClustering": _TRAINING_ROWS,
    "sklearn.cluster.SpectralCoclustering": _TRAINING_ROWS,
    "sklearn.covariance.EmpiricalCovariance": _COVARIANCE,
    "sklearn.covariance.GraphicalLasso": _COVARIANCE,
    "sklearn.covariance.GraphicalLassoCV": _COVARIANCE,
    "sklearn.covariance.LedoitWolf": _COVARIANCE,
    "sklearn.covariance.MinCovDet": _COVARIANCE,
    "sklearn.covariance.OAS": _COVARIANCE,
    "sklearn.covariance.ShrunkCovariance": _COVARIANCE,
    "sklearn.decomposition.DictionaryLearning": _SOLVES,
    "sklearn.decomposition.LatentDirichletAllocation": _SOLVES,
    "sklearn.decomposition.MiniBatchDictionaryLearning": _SOLVES,
    "sklearn.decomposition.MiniBatchNMF": _SOLVES,
    "sklearn.decomposition.NMF": _SOLVES,
    "sklearn.decomposition.SparseCoder": _SOLVES,
    "sklearn.feature_extraction.image.PatchExtractor": "it takes images, not rows",
    "sklearn.kernel_approximation.PolynomialCountSketch": "it multiplies by Fourier transforms, whose rounding is its own",
    "sklearn.kernel_approximation.RBFSampler": (
        "the cosine of a large number shows how the library's BLAS rounded the sum in it"
    ),
    "sklearn.manifold.ClassicalMDS": _TRAINING_ROWS,
    "sklearn.manifold.MDS": _TRAINING_ROWS,
    "sklearn.manifold.SpectralEmbedding": _TRAINING_ROWS,
    "sklearn.manifold.TSNE": _TRAINING_ROWS,
    "sklearn.neighbors.KNeighborsTransformer": _GRAPH,
    "sklearn.neighbors.NearestNeighbors": _GRAPH,
    "sklearn.neighbors.RadiusNeighborsTransformer": _GRAPH,
    "sklearn.neighbors.KernelDensity": (
        "it stops adding where its own tolerance is met (rtol is 1e-8), so that its answers are no exacter than that"
    ),
    "sklearn.neural_network.BernoulliRBM": "its score_samples is random, and so never the same twice",
    "sklearn.preprocessing.KernelCenterer": "it takes distances to the training rows, not rows",
    "sklearn.preprocessing.LabelBinarizer": _TARGETS,
    "sklearn.preprocessing.LabelEncoder": _TARGETS,
    "sklearn.preprocessing.MultiLabelBinarizer": _TARGETS,
}

NOT_YET: frozenset[str] = frozenset()
