"""Runs MiniStack so that its functions find their images; started by `ministack_server.py` with the Python of MiniStack.

On AWS `<account>.dkr.ecr.<region>.amazonaws.com` is the registry. MiniStack has that registry too, on its own port; but it asks
Docker Engine for images by AWS's name, which leads to the real AWS. Here the name is turned into the port, so that what runs was
pulled, by digest, from what was pushed.
"""

import os
import re

from ministack.app import main
from ministack.services import lambda_svc

_ECR = re.compile(r"^\d{12}\.dkr\.ecr\.[a-z0-9-]+\.amazonaws\.com/")
_spawn = lambda_svc._spawn_lambda_container


def _spawn_from_own_registry(config, *arguments, **more):
    port = os.environ["GATEWAY_PORT"]
    image = _ECR.sub(f"127.0.0.1:{port}/", config.get("ImageUri", ""))
    return _spawn({**config, "ImageUri": image}, *arguments, **more)


lambda_svc._spawn_lambda_container = _spawn_from_own_registry

if __name__ == "__main__":
    main()
