"""Every operator there is, and the module that has the function of that name.

Written by hand, so that it can be searched; modules are imported when a graph first needs them, so that a linear model
does not pay for trees. Conventions (docs/architecture.md, "Operators"): positional arguments are tables or columns,
keyword arguments are attributes and tensors, the result is a new table or column.
"""

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

OPERATORS = {
    "linear": "linear",
    "scale": "scaling",
    "min_max_scale": "scaling",
    "tree_ensemble": "trees",
    "expit": "links",
    "expit_pair": "links",
    "exponential": "links",
    "softmax": "links",
    "softmax_pair": "links",
    "normalize_rows": "links",
    "argmax_label": "labels",
    "threshold_label": "labels",
    "normalize_log": "links",
    "tanh": "links",
    "relu": "links",
    "scaled_squares": "densities",
    "projected_squares": "densities",
    "quadratic_form": "densities",
    "expanded_distances": "centers",
    "absolute_distances": "centers",
    "argmin_label": "centers",
    "bisecting_label": "centers",
    "category_log_likelihoods": "naive_bayes",
    "above_threshold": "naive_bayes",
    "last_argmax_label": "labels",
    "matern_kernel": "gaussian_process",
    "rational_quadratic_kernel": "gaussian_process",
    "periodic_kernel": "gaussian_process",
    "sum_of": "gaussian_process",
    "product_of": "gaussian_process",
    "power": "gaussian_process",
    "latent_probabilities": "gaussian_process",
    "centroid_scores": "centers",
    "divide_columns": "gaussian_process",
    "nearest_in_tree": "neighbors",
    "nearest_in_table": "neighbors",
    "nearest_by_products": "neighbors",
    "within_radius": "neighbors",
    "within_radius_by_products": "neighbors",
    "neighbor_votes": "votes",
    "neighbor_label": "votes",
    "neighbor_means": "votes",
    "radius_votes": "votes",
    "label_or_outlier": "votes",
    "local_outlier_factor": "votes",
    "interpolate": "interpolation",
    "rbf_kernel": "kernels",
    "polynomial_kernel": "kernels",
    "sigmoid_kernel": "kernels",
    "laplacian_kernel": "kernels",
    "cosine_kernel": "kernels",
    "chi_squared_kernel": "kernels",
    "one_vs_one_decisions": "svm",
    "one_vs_one_label": "svm",
    "one_vs_one_scores": "svm",
    "coupled_probabilities": "svm",
    "column": "columns",
    "select_columns": "columns",
    "concat": "columns",
    "per_output": "columns",
    "boosted_trees": "boosting",
    "narrow_to_float32": "trees",
    "threshold_label_inclusive": "labels",
    "clipped_logit": "links",
    "clipped_centered_log": "links",
    "label_votes": "ensembles",
    "adaboost_decisions": "ensembles",
    "halve_pair": "ensembles",
    "weighted_median": "ensembles",
    "mean_of": "ensembles",
    "mean_votes": "ensembles",
    "isolation_scores": "ensembles",
    "subtract": "ensembles",
    "depth_label": "ensembles",
    "to_dense": "sparse",
    "concat_sparse": "sparse",
    "select_columns_sparse": "sparse",
    "multiply_columns": "sparse",
    "one_hot": "encoders",
    "look_up": "encoders",
    "impute": "imputing",
    "missing_indicator": "imputing",
}

# Operators that take sparse rows, dicts {column index: value}; the compiler puts `to_dense` before all others.
ACCEPTS_SPARSE = frozenset(("to_dense", "concat_sparse", "select_columns_sparse", "multiply_columns", "linear"))


def find_operator(op: str) -> "Any":
    """Return the function of operator `op`; KeyError if there is none."""
    name = __package__ + "." + OPERATORS[op]
    return getattr(__import__(name, fromlist=(op,)), op)
