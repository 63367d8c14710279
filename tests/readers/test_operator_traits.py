"""Every operator has a row, and each row matches the code."""

from __future__ import annotations

import pytest

from iris_model.compiler.cuts.roundoff import RULES
from iris_model.compiler.parity.magnitudes import MAGNITUDES
from iris_model.compiler.probes.affine import FOLLOW
from iris_model.engine import operators
from iris_model.readers.operator_traits import MODULES, OPERATOR_TRAITS, TRAITS, having


def test_every_operator_has_a_row_under_its_module():
    assert {module: sorted(names) for module, names in MODULES.items()} == {
        module: sorted(names.split()) for module, names in operators.MODULES.items()
    }
    assert sum(map(len, MODULES.values())) == len(OPERATOR_TRAITS) == len(operators.OPERATORS)


def test_every_trait_is_explained_and_used():
    assert {trait for traits in OPERATOR_TRAITS.values() for trait in traits} == set(TRAITS)
    with pytest.raises(KeyError):
        having("smoth")


def test_rows_say_what_the_engine_accepts():
    assert having("sparse") == operators.ACCEPTS_SPARSE


@pytest.mark.parametrize(
    ("trait", "functions"), [("affine", FOLLOW), ("magnitude", MAGNITUDES)], ids=["affine", "magnitude"]
)
def test_operators_with_a_trait_have_its_function(trait: str, functions: dict[str, object]):
    assert having(trait) == set(functions)


def test_operators_with_a_rounding_bound_have_a_rule():
    assert having("rounding") == set(RULES) - having("copies")
