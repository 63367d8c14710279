"""A client for registries. It depends only on urllib3.

connections     TLS, proxies, plain HTTP only for this machine or on request
transport       authentication, redirects without credentials, retries, messages without secrets
client          manifests, tags, blobs: the distribution specification
pull, push, referrers     images and artifacts; referrer_tags for registries without a list of referrers
docker_config, credential_helpers     the credentials of `docker login`
"""

from iris_model.oci.registry.client import RegistryClient
from iris_model.oci.registry.credentials import ANONYMOUS, Credentials, CredentialSource, anonymous, fixed
from iris_model.oci.registry.docker_config import DockerConfig
from iris_model.oci.registry.downloads import RegistryBlob
from iris_model.oci.registry.pull import pull, resolve
from iris_model.oci.registry.push import PushReport, push
from iris_model.oci.registry.referrers import (
    Artifact,
    ArtifactFile,
    Referrers,
    attach,
    find_referrers,
    list_referrers,
    push_artifact,
)
from iris_model.oci.registry.retries import Retries
from iris_model.oci.registry.uploads import UploadSettings

__all__ = [
    "ANONYMOUS",
    "Artifact",
    "ArtifactFile",
    "CredentialSource",
    "Credentials",
    "DockerConfig",
    "PushReport",
    "Referrers",
    "RegistryBlob",
    "RegistryClient",
    "Retries",
    "UploadSettings",
    "anonymous",
    "attach",
    "find_referrers",
    "fixed",
    "list_referrers",
    "pull",
    "push",
    "push_artifact",
    "resolve",
]
