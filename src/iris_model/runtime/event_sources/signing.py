"""Sign requests to AWS: Signature Version 4.

https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_sigv-create-signed-request.html
"""

from hashlib import sha256
from hmac import digest
from time import strftime

TYPE_CHECKING = False
if TYPE_CHECKING:
    from time import struct_time


class Credentials:
    """Temporary credentials: key, secret and session token."""

    __slots__ = ("key", "secret", "token")

    def __init__(self, key: str, secret: str, token: str) -> None:
        self.key = key
        self.secret = secret
        self.token = token


def sign(
    method: str,
    host: str,
    path: str,
    query: str,
    headers: "dict[str, str]",
    body: bytes,
    service: str,
    region: str,
    credentials: Credentials,
    now: "struct_time",
) -> "dict[str, str]":
    """Return all headers of a request, with the signature.

    `path` is quoted already. `query` is quoted, and its parameters are sorted by name.
    """
    moment = strftime("%Y%m%dT%H%M%SZ", now)
    content = sha256(body).hexdigest()
    signed = {**headers, "host": host, "x-amz-date": moment, "x-amz-content-sha256": content}
    if credentials.token:
        signed["x-amz-security-token"] = credentials.token
    names = ";".join(sorted(signed))
    lines = "".join(f"{name}:{signed[name].strip()}\n" for name in sorted(signed))
    request = f"{method}\n{path}\n{query}\n{lines}\n{names}\n{content}"
    scope = f"{moment[:8]}/{region}/{service}/aws4_request"
    text = f"AWS4-HMAC-SHA256\n{moment}\n{scope}\n{sha256(request.encode()).hexdigest()}"
    key = f"AWS4{credentials.secret}".encode()
    for part in scope.split("/"):
        key = digest(key, part.encode(), "sha256")
    signature = digest(key, text.encode(), "sha256").hex()
    authorization = (
        f"AWS4-HMAC-SHA256 Credential={credentials.key}/{scope}, SignedHeaders={names}, Signature={signature}"
    )
    return {**signed, "authorization": authorization}
