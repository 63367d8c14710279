"""The operators: the module of each function.

A module is imported when a graph first needs it. Conventions (docs/architecture.md, "Operators"): positional arguments
are tables or columns, keyword arguments are attributes and tensors, and the result is a new table or column.
"""

TYPE_CHECKING = False
if TYPE_CHECKING:
    from types import FunctionType

MODULES = {
    "activations": (
        "exponential normalize_log tanh relu clipped_logit clipped_centered_log complement_pair logistic "
        "softplus signed_squares"
    ),
    "boosting": "boosted_trees",
    "calibration": "sigmoid_calibration calibrated_probabilities scaled_temperature normalize_unless_zero",
    "cells.combining": "aggregate_cells raise_cells relate_cells",
    "cells.dates": "take_dates_apart",
    "cells.limits": "arc_cells clip_columns mark_outside expect_within",
    "centers": "expanded_distances absolute_distances argmin_label argmin_label_float32 bisecting_label centroid_scores",
    "columns": "column select_columns concat per_output",
    "densities": "scaled_squares projected_squares quadratic_form",
    "documents": "count_terms hash_terms log_counts normalize",
    "donors": "impute_from_donors",
    "encoders": "one_hot look_up",
    "ensembles": (
        "label_votes adaboost_decisions centered_logs halve_pair weighted_median mean_of mean_votes "
        "isolation_scores subtract depth_label"
    ),
    "features": "vectorize_features hash_features",
    "float32": (
        "expit_float32 exponential_float32 softmax_float32 step_float32 pair_float32 linear_float32 round_float32 "
        "neighbor_means_float32"
    ),
    "gaussian_process": (
        "matern_kernel rational_quadratic_kernel periodic_kernel sum_of product_of power latent_probabilities "
        "divide_columns"
    ),
    "hashed.categories": "hash_categories category_positions",
    "hashed.statistics": "category_statistics",
    "imputing": "impute missing_indicator impute_column unless_all_missing",
    "interpolation": "interpolate spline_basis",
    "inverses": "numpy_function scale_back power_back",
    "kernel_density": "kernel_density",
    "kernel_maps": "skewed_chi_squared_features additive_chi_squared_features",
    "kernels": "rbf_kernel polynomial_kernel sigmoid_kernel laplacian_kernel cosine_kernel chi_squared_kernel",
    "labels": "argmax_label threshold_label last_argmax_label threshold_label_inclusive",
    "leaves": "leaf_indicators",
    "linear": "linear",
    "linear_leaves": "linear_leaf_trees",
    "links": "expit expit_pair softmax softmax_pair normalize_rows",
    "manifolds": "neighbor_shares geodesic_kernel center_kernel barycenter shares_or_nan",
    "missing_marks": "mark_missing zeros_to_missing",
    "naive_bayes": "category_log_likelihoods above_threshold",
    "neighbors": "nearest_in_tree nearest_in_table nearest_by_products within_radius within_radius_by_products",
    "networks.running": "run_network network_output",
    "own_steps": "run_own_step",
    "preprocessing": "map_cells binarize bin_columns bin_columns_one_hot polynomial power_transform snap_to_known",
    "quantiles": "quantile_transform quantile_back",
    "scaling": "scale min_max_scale",
    "shapes": "as_table label_at nested_columns repeat",
    "sparse": "to_dense concat_sparse select_columns_sparse multiply_columns",
    "sparse_codes": "matching_pursuit soft_threshold split_signs",
    "svm": "one_vs_one_decisions one_vs_one_label one_vs_one_scores coupled_probabilities",
    "trees": "tree_ensemble narrow_to_float32",
    "votes": "neighbor_votes neighbor_label neighbor_means radius_votes label_or_outlier local_outlier_factor",
    "voting": "majority_label weighted_mean pair_scores",
}
OPERATORS = {op: module for module, names in MODULES.items() for op in names.split()}

# Operators that run source from the file.
RUNS_SOURCE = frozenset({"run_own_step"})

# Operators that take sparse rows, dicts {column index: value}. The compiler adds `to_dense` before all others.
ACCEPTS_SPARSE = frozenset(
    "to_dense concat_sparse select_columns_sparse multiply_columns log_counts normalize linear round_float32".split()
)


def find_operator(op: str) -> "FunctionType":
    """Return the function of operator `op`. Raises KeyError."""
    name = __package__ + "." + OPERATORS[op]
    function: FunctionType = getattr(__import__(name, fromlist=(op,)), op)
    return function
