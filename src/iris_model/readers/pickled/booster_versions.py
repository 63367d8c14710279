"""Find the version of XGBoost or LightGBM that wrote a pickled booster.

Neither library stores it as an attribute. XGBoost writes it near the start and the end of its serialized bytes.
LightGBM writes all its parameters into the model's text, and each version has more of them.
"""

from __future__ import annotations

import re

_UBJ = re.compile(rb"version\[#L\x00{7}\x03((?:i.|I..){3})", re.DOTALL)
_JSON = re.compile(rb'"version"\s*:\s*\[\s*(\d+)\s*,\s*(\d+)\s*,\s*(\d+)\s*\]')


def find_xgboost_version(head: bytes, tail: bytes) -> str | None:
    """Return the version in a booster's serialized bytes (UBJSON since 1.6, JSON before), given their two ends."""
    for part in (tail, head):
        if found := _UBJ.search(part):
            numbers = re.findall(rb"i(.)|I(..)", found[1], re.DOTALL)
            return ".".join(str(int.from_bytes(short or long, "big")) for short, long in numbers)
        if found := _JSON.search(part):
            return ".".join(number.decode() for number in found.groups())
    return None


# A parameter in the text of a model -> the first version that wrote it.
_LIGHTGBM = (
    ("gpu_device_id_list", "4.7.0"),
    ("bagging_by_query", "4.6.0"),
    ("early_stopping_min_delta", "4.4.0"),
    ("data_sample_strategy", "4.2.0"),
    ("lambdarank_position_bias_regularization", "4.1.0"),
    ("parser_config_file", "4.0.0"),
)


def find_lightgbm_version(text: str, attributes: set[str]) -> str | None:
    """Return the versions that may have written a model's text (`>=4.2.0,<4.4.0`), or None if unknown.

    `attributes`: the attribute names of the estimator around it.
    """
    marked = text.rfind("\nparameters:")
    if marked < 0 or "[boosting: " not in text[marked:]:
        return None
    known = set(re.findall(r"^\[(\w+):", text[marked:], re.MULTILINE))
    if "_fitted_with_feature_names" in attributes:
        return ">=4.7.0"
    upper = ""
    for parameter, since in _LIGHTGBM:
        if parameter in known:
            return f">={since}{upper}"
        upper = f",<{since}"
    return "<4.0.0"
