"""The local Lambda: run a function directory here under the contract it meets in the cloud.

```
 client ──► service ──┬─ front_door     plain invocations, on a small HTTP of our own; the rest goes to aiohttp:
                      ├─ invoke_api     POST /2015-03-31/functions/{name}/invocations     (boto3, AWS CLI, curl)
                      ├─ control_plane  GET  /2015-03-31/functions/...          (waiters, consoles)
                      ├─ http_api       ANY  /{stage}/{route}   http_event ─► invocation ─► http_response
                      ├─ function_url   ANY  /  at a port of its own
                      ├─ metrics_views  GET  /_local/metrics
                      └─ playground     GET  /                  the page, and the log it shows
                              │ Invocation                                     ▲ Outcome
                              ▼                                                │
                      function ──► pool ──► sandbox ──► confinement ──► process   (one per concurrent invocation)
                                               │         plain, strict,    ▲
                                               │         containers        │
                                               └ runtime_api: next, response, error, init error
```

What it imitates is AWS, not the Runtime Interface Emulator: where those two differ (timeouts, function errors, init,
memory), the code says so. It never imports `runtime` or `engine`: it meets them over HTTP only, as Lambda does, so that
the two sides cannot share a mistake.
"""

from iris_model.local.http_settings import Cors, HttpSettings, Throttling
from iris_model.local.invocation import Invocation, Outcome
from iris_model.local.page_sources import PageSources
from iris_model.local.reload_plan import ReloadPlan
from iris_model.local.running_cost import Prices
from iris_model.local.sandbox_settings import ImageSettings, SandboxSettings
from iris_model.local.service import Addresses, LocalLambda, OnceResult, invoke_once, serve
from iris_model.local.settings import FunctionSettings, check_settings, read_function_directory

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
