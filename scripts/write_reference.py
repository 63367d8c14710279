"""Write the reference pages that are made from code: `python scripts/write_reference.py` from the root of the checkout."""

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from tests.behaviour import page as behaviour_page
from tests.docs import log_fields_page, problems_page, schemas_page

from iris_model.aws.access import permissions_page
from iris_model.cli import reference as cli_reference
from iris_model.project.configuration import reference as settings_reference
from iris_model.readers import reference as models_reference

ROOT = Path(__file__).resolve().parent.parent

MADE_OF_CODE = (cli_reference, settings_reference, models_reference, permissions_page)
# These pages show the answers of the local service.
MADE_OF_ANSWERS = (behaviour_page, schemas_page, problems_page, log_fields_page)

for page in (*MADE_OF_CODE, *MADE_OF_ANSWERS):
    path = ROOT / page.REFERENCE_PAGE
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(page.render_reference(), encoding="utf-8")
    print(f"{page.REFERENCE_PAGE} is written")

(ROOT / schemas_page.OPENAPI_FILE).write_text(schemas_page.render_openapi(), encoding="utf-8")
print(f"{schemas_page.OPENAPI_FILE} is written")
