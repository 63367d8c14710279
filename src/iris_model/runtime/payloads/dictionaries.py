"""Check rows of a model of dictionaries. A row may omit any feature; values that the original refuses are refused.

Source: sklearn.feature_extraction, DictVectorizer and FeatureHasher. Imported only for such a model.
"""

from iris_model.engine.errors import InvalidInput
from iris_model.engine.json_text import make_encoder
from iris_model.engine.rows import describe

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Protocol

    class ColumnFacts(Protocol):
        """The facts about the columns that this module needs."""

        known: set[str]
        texts: set[str]
        hashed: bool


def check_dictionary(
    record: "dict[str, object]", facts: "ColumnFacts", unknown: "list[str]", row: int, null_is_absent: bool
) -> "list[str]":
    """Return the unknown features that cannot be ignored. Raises InvalidInput for values that the original refuses.

    A vectorizer ignores features that it did not learn, with any number or string. A hasher uses every feature, so that
    a row with a feature that has no column cannot be answered.
    """
    for name in unknown:
        value = record[name]
        if isinstance(value, dict) or (isinstance(value, list) and not {str}.issuperset(map(type, value))):
            raise _refuse(row, name, f"the value is {describe(value)}", "a number or a string")
    if not null_is_absent:
        for name, value in record.items():
            # The original converts a missing number to NaN, which differs from an absent feature.
            if value is None and name in facts.known and name not in facts.texts:
                raise _refuse(row, name, "the value is null", "a value; a feature that is not there is left out")
    return [name for name in unknown if not (null_is_absent and record[name] is None)] if facts.hashed else []


def encode_features(record: "dict[str, object]", column: str, form: str, null_is_absent: bool) -> object:
    """Return the cell of a FeatureHasher that takes any features: the JSON text of a row.

    The record has them, or it has only the column with them. The operator checks them. `null_is_absent`: the row comes
    from a table, which has null where a dictionary omits a feature.
    """
    found: object = record
    if record.keys() == {column} and (form != "dict" or isinstance(record[column], (dict, str))):
        found = record[column]
    if isinstance(found, str):
        return found
    if null_is_absent and isinstance(found, dict):
        found = {name: value for name, value in found.items() if value is not None}
    return make_encoder()(found)


def _refuse(row: int, feature: str, found: str, expected: str) -> InvalidInput:
    return InvalidInput(
        f"row {row}, feature {feature!r}: {found}; expected {expected}", row=row, feature=feature, expected=expected
    )
