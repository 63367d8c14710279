"""The local Lambda: run a function directory on this machine under the contract of the cloud.

```
 client ──► service ──┬─ front_door     plain invocations, on a small HTTP server; aiohttp answers the rest:
                      ├─ invoke_api     POST /2015-03-31/functions/{name}/invocations     (boto3, AWS CLI, curl)
                      ├─ control_plane  GET  /2015-03-31/functions/...          (waiters, consoles)
                      ├─ http_api       ANY  /{stage}/{route}   http_event ─► invocation ─► http_response
                      ├─ function_url   ANY  /  on a separate port
                      ├─ metrics_views  GET  /_local/metrics
                      └─ playground     GET  /                  the page, and the log it shows
                              │ Invocation                                     ▲ Outcome
                              ▼                                                │
                      function ──► pool ──► sandbox ──► confinement ──► process   (one per concurrent invocation)
                                               │         plain, strict,    ▲
                                               │         containers        │
                                               └ runtime_api: next, response, error, init error
```

It imitates AWS, not the Runtime Interface Emulator. Where these two differ (timeouts, function errors, init, memory), a
comment explains it. It never imports `runtime` or `engine`: they communicate only over HTTP, as in the cloud, so that
one mistake cannot affect both sides.
"""

from iris_model.contract.endpoint import Cors, Throttling
from iris_model.local.configuration.http_settings import HttpSettings
from iris_model.local.configuration.page_sources import PageSources
from iris_model.local.configuration.sandbox_settings import ImageSettings, SandboxSettings
from iris_model.local.configuration.settings import (
    FunctionSettings,
    ReloadPlan,
    check_settings,
    read_function_directory,
)
from iris_model.local.sandboxes.invocation import Invocation, Outcome
from iris_model.local.service import Addresses, LocalLambda, OnceResult, invoke_once, serve
from iris_model.local.telemetry.running_cost import Prices

__all__ = [
    "Addresses",
    "Cors",
    "FunctionSettings",
    "HttpSettings",
    "ImageSettings",
    "Invocation",
    "LocalLambda",
    "OnceResult",
    "Outcome",
    "PageSources",
    "Prices",
    "ReloadPlan",
    "SandboxSettings",
    "Throttling",
    "check_settings",
    "invoke_once",
    "read_function_directory",
    "serve",
]
