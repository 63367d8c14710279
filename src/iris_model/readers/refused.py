"""The classes of scikit-learn without a converter, each with the reason.

A test checks that every estimator of scikit-learn has a converter or a line here. `NOT_YET` lists classes that could
have a converter. If you write one, remove its class from the list.
"""

from __future__ import annotations

_TRAINING_ROWS = "it has no predict for new rows"
_COVARIANCE = "it estimates a covariance, and has no predict or transform"
_TARGETS = "it transforms targets, not rows"
_GRAPH = "it returns a sparse graph of neighbors, not an answer for each row"
_REMOVES = "it removes rows; a request has an answer for each row"
_OTHER_ROWS = "it computes with the rows before, which a request does not have"
_SOLVES = "it solves each row iteratively, and rounding decides where it stops"

REFUSED = {
    "feature_engine.imputation.DropMissingData": _REMOVES,
    "feature_engine.imputation.RandomSampleImputer": "it fills missing cells with random ones",
    "feature_engine.outliers.OutlierTrimmer": _REMOVES,
    "feature_engine.timeseries.ExpandingWindowFeatures": _OTHER_ROWS,
    "feature_engine.timeseries.LagFeatures": _OTHER_ROWS,
    "feature_engine.timeseries.WindowFeatures": _OTHER_ROWS,
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
    "sklearn.decomposition.LatentDirichletAllocation": _SOLVES,
    "sklearn.decomposition.MiniBatchNMF": _SOLVES,
    "sklearn.decomposition.NMF": _SOLVES,
    "sklearn.feature_extraction.image.PatchExtractor": "it takes images, not rows",
    "sklearn.kernel_approximation.PolynomialCountSketch": "its Fourier transforms round differently on every machine",
    "sklearn.kernel_approximation.RBFSampler": (
        "the cosine of a large sum depends on the rounding of the library's BLAS"
    ),
    "sklearn.manifold.ClassicalMDS": _TRAINING_ROWS,
    "sklearn.manifold.MDS": _TRAINING_ROWS,
    "sklearn.manifold.SpectralEmbedding": _TRAINING_ROWS,
    "sklearn.manifold.TSNE": _TRAINING_ROWS,
    "sklearn.neighbors.KNeighborsTransformer": _GRAPH,
    "sklearn.neighbors.NearestNeighbors": _GRAPH,
    "sklearn.neighbors.RadiusNeighborsTransformer": _GRAPH,
    "sklearn.neural_network.BernoulliRBM": "its score_samples answers at random",
    "sklearn.preprocessing.KernelCenterer": "it takes distances to the training rows, not rows",
    "sklearn.preprocessing.LabelBinarizer": _TARGETS,
    "sklearn.preprocessing.LabelEncoder": _TARGETS,
    "sklearn.preprocessing.MultiLabelBinarizer": _TARGETS,
}

NOT_YET: frozenset[str] = frozenset()
