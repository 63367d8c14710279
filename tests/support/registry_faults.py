"""Faults of a registry as data: which requests, how often, and what happens instead of the right answer."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlsplit


class HangUp(Exception):
    """The connection ends here, without another byte."""


@dataclass
class Fault:
    """Applies to requests of a method whose path has the pattern in it: after `skip` of them, `times` times."""

    method: str
    pattern: str
    times: int = 1
    skip: int = 0

    def apply(self, handler: Any) -> bool:
        """Do the wrong thing; return False if the right answer must follow."""
        raise NotImplementedError


@dataclass
class Answers(Fault):
    """Another status than the right one."""

    status: int = 500
    headers: dict[str, str] = field(default_factory=dict)
    code: str = "UNKNOWN"
    message: str = "something went wrong"

    def apply(self, handler: Any) -> bool:
        handler.refuse(self.status, self.code, self.message, self.headers)
        return True


@dataclass
class Bodies(Fault):
    """A refusal whose explanation is these bytes."""

    body: bytes = b""
    status: int = 400

    def apply(self, handler: Any) -> bool:
        handler.answer(self.status, self.body)
        return True


@dataclass
class HangsUp(Fault):
    """Closes the connection; of an upload, `keep` bytes arrive and are kept."""

    keep: int = 0

    def apply(self, handler: Any) -> bool:
        found = re.fullmatch(r"/v2/(.+)/blobs/uploads/([^/?]+)", urlsplit(handler.path).path)
        if found and self.keep:
            handler.read_body(handler.registry.repositories[found[1]].uploads[found[2]], self.keep)
        raise HangUp


@dataclass
class AnswersAndHangsUp(Fault):
    """Does what it should, and closes the connection without saying so."""

    def apply(self, handler: Any) -> bool:
        def silent(*arguments: Any, **named: Any) -> None:
            raise HangUp

        handler.answer = silent
        return False


@dataclass
class SendsOnly(Fault):
    """Promises the whole body and closes after so many bytes of it."""

    size: int = 0

    def apply(self, handler: Any) -> bool:
        whole = handler.answer
        handler.answer = lambda status, body=b"", headers=None: whole(status, body, headers, send=self.size)
        return False


@dataclass
class Changes(Fault):
    """Sends another body than the right one, of the same headers: `change` makes it."""

    change: Any = None

    def apply(self, handler: Any) -> bool:
        whole = handler.answer
        handler.answer = lambda status, body=b"", headers=None: whole(status, self.change(body), headers)
        return False


@dataclass
class Says(Fault):
    """The right answer with other headers."""

    headers: dict[str, str] = field(default_factory=dict)

    def apply(self, handler: Any) -> bool:
        whole = handler.answer
        handler.answer = lambda status, body=b"", headers=None: whole(status, body, {**(headers or {}), **self.headers})
        return False


@dataclass
class Loses(Fault):
    """Takes an upload and keeps another one: its last bytes are lost."""

    size: int = 1

    def apply(self, handler: Any) -> bool:
        whole = handler.read_body

        def short(target: bytearray, limit: int | None = None) -> bytearray:
            whole(target, limit)
            del target[len(target) - self.size :]
            return target

        handler.read_body = short
        return False


@dataclass
class Redirects(Fault):
    """Sends the client elsewhere; the path is kept."""

    to: str = ""
    status: int = 307

    def apply(self, handler: Any) -> bool:
        handler.answer(self.status, headers={"Location": self.to + handler.path})
        return True


def find_fault(faults: list[Fault], method: str, path: str) -> Fault | None:
    """The first fault that is due."""
    for fault in faults:
        if fault.times > 0 and fault.method == method and re.search(fault.pattern, path):
            if fault.skip:
                fault.skip -= 1
                continue
            fault.times -= 1
            return fault
    return None
