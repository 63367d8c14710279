"""Convert sparse coding with a dictionary. Source: sklearn.decomposition._dict_learning."""

from __future__ import annotations

import numpy as np

from iris_model.readers.graph import Estimator, GraphBuilder, Reader, Reading, Value

KNOWN = ("omp", "threshold")


def read_sparse_coder(builder: GraphBuilder, estimator: Estimator, inputs: Value) -> Reading:
    """Write a graph for orthogonal matching pursuit, or for products with the atoms, moved towards zero."""
    learned = getattr(estimator, "components_", None)
    dictionary = np.asarray(estimator.dictionary if learned is None else learned)
    algorithm = estimator.transform_algorithm
    builder.refuse_missing(inputs)
    count, width = dictionary.shape
    atoms = np.ascontiguousarray(dictionary, np.float64)
    if algorithm == "omp":
        most = estimator.transform_n_nonzero_coefs
        tensors = {"dictionary": atoms, "gram": np.dot(dictionary, dictionary.T).astype(np.float64)}
        limit = int(min(max(width / 10, 1), count) if most is None else most)
        if limit > (rank := int(np.linalg.matrix_rank(atoms))):
            builder.refuse(
                f"{type(estimator).__name__}: it may select {limit} atoms, but they span {rank} dimensions, so rounding decides "
                f"which of them it takes; train it with transform_n_nonzero_coefs of at most {rank}"
            )
        codes = builder.add("matching_pursuit", inputs, width=count, attributes={"atoms": limit}, tensors=tensors)
    elif algorithm == "threshold":
        alpha = estimator.transform_alpha
        if alpha is None:
            alpha = getattr(estimator, "alpha", None)
        products = builder.add(
            "linear", inputs, width=count, tensors={"coefficients": atoms, "intercepts": np.zeros(count)}
        )
        attributes = {"threshold": 1.0 if alpha is None else float(alpha), "positive": bool(estimator.positive_code)}
        codes = builder.add("soft_threshold", products, width=count, attributes=attributes)
    else:
        builder.refuse(
            f"{type(estimator).__name__}: transform_algorithm is {algorithm!r}, which solves each row iteratively, and rounding "
            f"decides where it stops; expected {' or '.join(map(repr, KNOWN))}"
        )
        return Reading("transformer", {})
    if estimator.split_sign:
        codes = builder.add("split_signs", codes, width=2 * count)
    return Reading("transformer", {"transform": codes})


READERS: dict[str, Reader] = {
    f"sklearn.decomposition.{name}": read_sparse_coder
    for name in ("DictionaryLearning", "MiniBatchDictionaryLearning", "SparseCoder")
}
