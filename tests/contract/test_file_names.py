"""Names of files that the shipped packages, which import nothing of `contract`, write down again."""

from iris_model.contract.file_names import SIGNATURE_SUFFIX
from iris_model.runtime.executors.description import SUFFIX
from iris_model.runtime.model import DESCRIPTION


def test_the_description_of_a_model_has_one_name() -> None:
    assert SUFFIX == DESCRIPTION == SIGNATURE_SUFFIX
