"""The features of a deployment that add to its template: one file for each, listed in the order of the template.

A new key of `iris-model.toml` needs a field of `Deployment`, a function here that returns a `Part`, and an entry in
`PARTS`. `permissions.BY_RESOURCE_TYPE` lists CloudFormation's calls for a new type of resource.
"""

from __future__ import annotations

from collections.abc import Callable

from iris_model.aws.cloudformation.parts.access_log import add_access_log
from iris_model.aws.cloudformation.parts.alarm import add_alarm
from iris_model.aws.cloudformation.parts.batch import add_batch
from iris_model.aws.cloudformation.parts.concurrency import add_concurrency
from iris_model.aws.cloudformation.parts.dashboard import add_dashboard
from iris_model.aws.cloudformation.parts.destinations import add_destinations
from iris_model.aws.cloudformation.parts.domain import add_domain
from iris_model.aws.cloudformation.parts.encryption import add_encryption
from iris_model.aws.cloudformation.parts.endpoint import add_endpoint
from iris_model.aws.cloudformation.parts.events import add_events
from iris_model.aws.cloudformation.parts.network import add_network
from iris_model.aws.cloudformation.parts.part import Part
from iris_model.aws.cloudformation.parts.snapstart import add_snapstart
from iris_model.aws.cloudformation.parts.tracing import add_tracing
from iris_model.aws.cloudformation.parts.warmth import add_warmth
from iris_model.contract.deployment import Deployment

PARTS: tuple[Callable[[Deployment], Part], ...] = (
    add_tracing,
    add_concurrency,
    add_snapstart,
    add_network,
    add_encryption,
    add_destinations,
    add_endpoint,
    add_access_log,
    add_domain,
    add_warmth,
    add_events,
    add_batch,
    add_dashboard,
    add_alarm,
)
