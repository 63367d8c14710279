"""The import rules inside a package: the folders of `docs/architecture.md` as data.

Inside its own package, a folder may import itself and what its row names: other folders, and modules directly in the package.
Modules directly in the package may import any folder. No module may be part of an import cycle.
"""

from __future__ import annotations

FOLDERS: dict[str, dict[str, str]] = {
    "aws": {
        "client": "",
        "access": "deployment secrets",
        "verification": "client",
        "s3": "client cloudformation deployment",
        "state": "client cloudformation deployment ecr s3",
        "cloudformation": "client deployment notes secrets state",
        "ecr": "client cloudformation deployment state",
        "measuring": "client cloudformation deployment state verification",
        "batching": "client cloudformation deployment state",
        "deploying": "client cloudformation deployment ecr measuring s3 secrets state verification",
    },
    "cli": {
        "options": "",
        "render": "terminal verbosity",
        "sources": "render verbosity",
        "tuning": "interruption render sources terminal verbosity",
        "costs": "render sources terminal tuning verbosity",
        "commands": "command_with_others costs garbage interruption options render sources terminal tuning verbosity",
    },
    "compiler": {
        "probes": "data",
        "cuts": "data emit original passes probes",
        "parity": "cuts data original passes probes",
        "description": "data original parity probes",
        "networks": "data description emit parity probes",
    },
    "engine": {
        "operators": "elementary errors found functions json_text kernel_tables measuring metrics native overflowing packed "
        "rows terms text",
    },
    "image": {
        "bases": "lock target",
        "dependencies": "bases lock target",
        "archives": "bases dependencies lock target",
        "supply_chain": "bases build lock",
        "destinations": "bases docker_engine supply_chain",
    },
    "local": {
        "configuration": "",
        "wire": "",
        "telemetry": "",
        "machine": "configuration",
        "confinements": "configuration machine",
        "sandboxes": "configuration confinements machine telemetry wire",
        "functions": "configuration machine sandboxes telemetry",
        "front_ends": "functions sandboxes telemetry wire",
        "browser": "configuration functions telemetry wire",
    },
    "oci": {
        "tars": "digests layers writing",
        "storage": "blob_store blobs configs descriptors digests images layers manifests media_types platforms progress "
        "references tars writing",
        "registry": "blobs configs descriptors digests images layers manifests media_types platforms progress references",
    },
    "project": {
        "caching": "disk",
        "configuration": "",
        "compilation": "caching configuration packaging",
        "dependencies": "configuration disk packaging",
        "packaging": "caching compilation configuration dependencies disk",
    },
    "readers": {
        "onnx": "format_bytes",
        "pickled": "libraries names plugins",
        "opening": "failures foreign_formats format_bytes formats graph libraries lightgbm names pickled plugins xgboost",
        "sklearn": "classes dictionaries documents graph libraries names tree_layout",
        "xgboost": "category_orders failures frame_categories graph tree_layout",
        "lightgbm": "classes failures frame_categories graph tree_layout",
        "catboost": "classes failures graph tree_layout",
        "category_encoders": "frames graph sklearn",
        "feature_engine": "graph sklearn",
        "imblearn": "graph sklearn",
        "own_steps": "graph",
    },
    "runtime": {
        "payloads": "answers card events",
        "executors": "",
        "event_sources": "answers events payloads",
    },
}

# The largest number of modules in one folder, without `__init__`.
MOST_MODULES = 24
# Registries of one module per family.
MOST_MODULES_OF = {"engine/operators": 40, "readers/sklearn": 40}
