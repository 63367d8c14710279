"""Read `<model>.signature.json`, which `package` writes next to a model that is not compiled: its signature and source."""

import os

from iris_model.engine.errors import ModelFormatError
from iris_model.engine.json_text import make_decoder

TYPE_CHECKING = False
if TYPE_CHECKING:
    from iris_model.contract.signature import Signature, Source

# The same as in runtime/model.py, which finds a model without this package.
SUFFIX = ".signature.json"


def read_description(model: str, kind: str) -> "tuple[Signature, Source]":
    """Return signature and source of the model at the path `model`.

    Raises ModelFormatError, which names the `kind` of model, if the description is absent or damaged.
    """
    path = os.path.splitext(model)[0] + SUFFIX
    try:
        with open(path, encoding="utf-8") as file:
            value = make_decoder()(file.read())
        return value["signature"], value["source"]
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise ModelFormatError(
            f"cannot read the signature {path} of the {kind} model: {error}; run iris-model package again"
        ) from None
