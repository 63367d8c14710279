"""The traits of each operator for converters and compiler: one row for every operator, under its module.

The operators are in `engine/operators`. `ACCEPTS_SPARSE` there is shipped with them, and a test compares the two
tables. The functions of a trait are in the module that uses them: `affine` in `compiler/probes/affine.py`, `rounding`
in `compiler/cuts/roundoff.py`, `magnitude` in `compiler/parity/magnitudes.py`. A test compares these with the rows.
"""

from __future__ import annotations

TRAITS = {
    "sparse": "takes sparse rows, dicts {column index: value}",
    "keeps-absent": "its original answers a sparse matrix of scipy with one",
    "keeps-infinite": "hands on an infinity: it is for the next operator to judge",
    "copies": "hands cells on as they are",
    "dense": "hands cells on; zeros are written out, marks become NaN",
    "steps": "answers labels, places or sums of leaves: whole steps, whatever the last bit of the input",
    "ieee": "IEEE 754 arithmetic in the original's order: exact if the input is",
    "exact": "hands numbers on without rounding",
    "smooth": "its numbers have no steps",
    "label": "makes labels of numbers: a label may turn where the numbers tie",
    "way": "shortest ways through neighbors: smooth only where all neighbors are the same to a row",
    "tree": "its nodes have the layout that the architecture page describes under Trees",
    "affine": "each column is an affine function of one input column, and can be inverted",
    "rounding": "there is a bound for the rounding of its own arithmetic",
    "magnitude": "there is a size of the terms that it adds up",
}

_ROWS = """
activations:
    exponential                    smooth
    normalize_log                  smooth
    tanh                           smooth
    relu                           ieee exact smooth
    clipped_logit
    clipped_centered_log
    complement_pair                smooth
    logistic                       smooth
    softplus                       smooth
    signed_squares
boosting:
    boosted_trees                  steps tree
calibration:
    sigmoid_calibration            smooth magnitude
    calibrated_probabilities       smooth
    scaled_temperature             smooth
    normalize_unless_zero          smooth
cells.combining:
    aggregate_cells                keeps-infinite
    raise_cells                    keeps-infinite
    relate_cells                   keeps-infinite
cells.dates:
    take_dates_apart               steps
cells.limits:
    arc_cells                      smooth
    clip_columns                   ieee exact smooth
    mark_outside                   steps
    expect_within                  copies exact smooth
centers:
    expanded_distances             smooth magnitude
    absolute_distances             smooth
    argmin_label                   steps label
    argmin_label_float32
    bisecting_label
    centroid_scores                smooth magnitude
columns:
    column                         keeps-infinite copies exact smooth
    select_columns                 copies exact smooth affine
    concat                         keeps-absent keeps-infinite copies exact smooth affine
    per_output                     copies exact smooth
densities:
    scaled_squares                 smooth magnitude
    projected_squares              smooth magnitude
    quadratic_form                 smooth magnitude
documents:
    count_terms                    steps
    hash_terms                     steps
    log_counts                     sparse keeps-absent
    normalize                      sparse keeps-absent rounding
donors:
    impute_from_donors
encoders:
    one_hot                        steps
    look_up                        steps
ensembles:
    label_votes
    adaboost_decisions
    centered_logs
    halve_pair
    weighted_median
    mean_of                        smooth magnitude
    mean_votes
    isolation_scores
    subtract                       smooth magnitude
    depth_label
features:
    vectorize_features             steps
    hash_features                  steps
float32:
    expit_float32
    exponential_float32
    softmax_float32
    step_float32
    pair_float32
    linear_float32
    round_float32                  sparse keeps-absent
    neighbor_means_float32
gaussian_process:
    matern_kernel                  smooth
    rational_quadratic_kernel      smooth
    periodic_kernel                smooth
    sum_of                         smooth magnitude
    product_of                     smooth
    power                          smooth
    latent_probabilities           smooth
    divide_columns                 ieee smooth affine
hashed.categories:
    hash_categories                steps
    category_positions             steps
hashed.statistics:
    category_statistics            steps
imputing:
    impute                         keeps-absent ieee exact smooth
    missing_indicator              steps
    impute_column
    unless_all_missing
interpolation:
    interpolate
    spline_basis
inverses:
    numpy_function
    scale_back                     smooth magnitude
    power_back                     smooth
kernel_density:
    kernel_density
kernel_maps:
    skewed_chi_squared_features    smooth
    additive_chi_squared_features  smooth
kernels:
    rbf_kernel                     smooth rounding magnitude
    polynomial_kernel              smooth magnitude
    sigmoid_kernel                 smooth magnitude
    laplacian_kernel               smooth
    cosine_kernel                  smooth
    chi_squared_kernel             smooth
labels:
    argmax_label                   steps label
    threshold_label                steps label
    last_argmax_label              steps label
    threshold_label_inclusive      steps label
leaves:
    leaf_indicators                steps tree
linear:
    linear                         sparse smooth rounding magnitude
linear_leaves:
    linear_leaf_trees              tree
links:
    expit                          smooth
    expit_pair                     smooth
    softmax                        smooth
    softmax_pair                   smooth
    normalize_rows                 smooth
manifolds:
    neighbor_shares
    geodesic_kernel                way
    center_kernel                  smooth magnitude
    barycenter                     smooth
    shares_or_nan                  smooth
missing_marks:
    mark_missing                   keeps-infinite copies dense affine
    zeros_to_missing               keeps-infinite copies dense affine
naive_bayes:
    category_log_likelihoods
    above_threshold
neighbors:
    nearest_in_tree                way
    nearest_in_table               way
    nearest_by_products
    within_radius
    within_radius_by_products
networks.running:
    run_network
    network_output
own_steps:
    run_own_step
preprocessing:
    map_cells                      keeps-absent keeps-infinite rounding
    binarize                       keeps-absent steps
    bin_columns                    steps
    bin_columns_one_hot            steps
    polynomial                     ieee smooth
    power_transform                smooth rounding
    snap_to_known                  dense exact rounding
quantiles:
    quantile_transform             rounding
    quantile_back                  smooth
scaling:
    scale                          ieee smooth affine magnitude
    min_max_scale                  ieee smooth affine magnitude
shapes:
    as_table                       keeps-infinite copies exact
    label_at                       label
    nested_columns
    repeat
sparse:
    to_dense                       sparse copies dense exact smooth
    concat_sparse                  sparse keeps-absent keeps-infinite copies exact smooth
    select_columns_sparse          sparse copies exact smooth
    multiply_columns               sparse keeps-absent ieee smooth
sparse_codes:
    matching_pursuit
    soft_threshold                 smooth
    split_signs                    smooth
svm:
    one_vs_one_decisions           smooth magnitude
    one_vs_one_label               label
    one_vs_one_scores              smooth
    coupled_probabilities          smooth
trees:
    tree_ensemble                  steps tree
    narrow_to_float32              dense affine rounding
votes:
    neighbor_votes
    neighbor_label
    neighbor_means
    radius_votes
    label_or_outlier
    local_outlier_factor
voting:
    majority_label                 steps
    weighted_mean                  smooth magnitude
    pair_scores
"""

OPERATOR_TRAITS: dict[str, frozenset[str]] = {}
MODULES: dict[str, list[str]] = {}
for _line in _ROWS.split("\n"):
    if _line.endswith(":"):
        _module = MODULES.setdefault(_line[:-1], [])
    elif _line:
        _name, *_traits = _line.split()
        _module.append(_name)
        OPERATOR_TRAITS[_name] = frozenset(_traits)


def having(trait: str) -> frozenset[str]:
    """Return the operators that have a trait. Raises KeyError for an unknown trait."""
    if trait not in TRAITS:
        raise KeyError(trait)
    return frozenset(name for name, traits in OPERATOR_TRAITS.items() if trait in traits)
