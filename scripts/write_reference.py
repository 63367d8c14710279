"""Write the reference pages that are made from code: `python scripts/write_reference.py` from the root of the checkout."""

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from tests.behaviour import page as behaviour_page

from iris_model.aws import permissions_page
from iris_model.cli import reference as cli_reference
from iris_model.project import reference as settings_reference
from iris_model.readers import reference as models_reference

ROOT = Path(__file__).resolve().parent.parent

for page in (cli_reference, settings_reference, models_reference, permissions_page, behaviour_page):
    path = ROOT / page.REFERENCE_PAGE
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(page.render_reference(), encoding="utf-8")
    print(f"{page.REFERENCE_PAGE} is written")
