"""Image configs: the command of the image, its platform, and its layers (by diff_id).

`Config` is a view of the JSON document: unknown fields and the bytes of an unchanged config are preserved. A change
returns a new config.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from iris_model.errors import InvalidImage, InvalidReference
from iris_model.oci.descriptors import expect_list, expect_object, expect_text_list, expect_texts
from iris_model.oci.digests import Digest
from iris_model.oci.platforms import Platform

CREATED = "1980-01-01T00:00:00Z"
"""The fixed creation time of images, so that the same input gives the same image."""


@dataclass(frozen=True)
class Config:
    """A config: its bytes and their content."""

    data: bytes

    def __post_init__(self) -> None:
        document = self.document
        rootfs = _object(document.get("rootfs"), "rootfs")
        expect_text_list(rootfs.get("diff_ids"), "image config: rootfs.diff_ids")
        for step in expect_list(document.get("history") or [], "image config: history"):
            expect_object(step, "image config: history")
        run = _object(document.get("config"), "config")
        for name in ("Entrypoint", "Cmd", "Env"):
            expect_text_list(run.get(name), f"image config: config.{name}")
        expect_texts(run.get("Labels"), "image config: config.Labels")

    @classmethod
    def from_document(cls, document: Mapping[str, Any]) -> Config:
        """Return the config with the canonical bytes of a document."""
        return cls(canonical_json(document))

    @classmethod
    def empty(cls, platform: Platform) -> Config:
        """Return the config of an image without layers."""
        fields = {key: value for key, value in platform.to_document().items() if value}
        return cls.from_document(
            {**fields, "created": CREATED, "config": {}, "rootfs": {"type": "layers", "diff_ids": []}, "history": []}
        )

    @property
    def document(self) -> dict[str, Any]:
        """Return a copy of the JSON document."""
        return dict(expect_object(parse_json(self.data, "image config"), "image config"))

    @property
    def platform(self) -> Platform:
        """The platform of the image."""
        return Platform.from_document(self.document)

    @property
    def diff_ids(self) -> tuple[Digest, ...]:
        """The uncompressed digests of all layers, lowest first."""
        texts = (self.document.get("rootfs") or {}).get("diff_ids") or []
        try:
            return tuple(Digest.parse(str(text)) for text in texts)
        except InvalidReference as wrong:
            raise InvalidImage(f"image config: rootfs.diff_ids: {wrong.problem}") from None

    @property
    def run(self) -> Mapping[str, Any]:
        """The part that Docker calls `Config`: Entrypoint, Cmd, Env, WorkingDir, User, Labels."""
        return dict(self.document.get("config") or {})

    @property
    def entrypoint(self) -> tuple[str, ...]:
        """The command; Cmd has its arguments."""
        return tuple(self.run.get("Entrypoint") or ())

    @property
    def cmd(self) -> tuple[str, ...]:
        """The default arguments of the entry point."""
        return tuple(self.run.get("Cmd") or ())

    @property
    def environment(self) -> dict[str, str]:
        """The environment variables; the last one of equal names counts."""
        return dict(str(line).partition("=")[::2] for line in self.run.get("Env") or ())

    @property
    def working_directory(self) -> str:
        """The working directory."""
        return str(self.run.get("WorkingDir") or "/")

    @property
    def user(self) -> str:
        """The user that runs the process; an empty string is root."""
        return str(self.run.get("User") or "")

    @property
    def labels(self) -> dict[str, str]:
        """The labels: names and values."""
        return dict(self.run.get("Labels") or {})

    @property
    def history(self) -> tuple[Mapping[str, Any], ...]:
        """One entry for each build step; some have no layer."""
        return tuple(self.document.get("history") or ())

    def with_run(
        self,
        *,
        entrypoint: Sequence[str] | None = None,
        cmd: Sequence[str] | None = None,
        environment: Mapping[str, str] | None = None,
        working_directory: str | None = None,
        user: str | None = None,
        labels: Mapping[str, str] | None = None,
    ) -> Config:
        """Return a config with these values replaced; None keeps the current value.

        `environment` and `labels` replace all entries.
        """
        changes: dict[str, Any] = {
            "Entrypoint": None if entrypoint is None else list(entrypoint),
            "Cmd": None if cmd is None else list(cmd),
            "Env": None if environment is None else [f"{name}={value}" for name, value in environment.items()],
            "WorkingDir": working_directory,
            "User": user,
            "Labels": None if labels is None else dict(sorted(labels.items())),
        }
        changed = {**self.run, **{key: value for key, value in changes.items() if value is not None}}
        return self.with_fields(config=changed)

    def with_fields(self, **fields: Any) -> Config:
        """Return a config with these fields of the document, such as `created` or `author`."""
        return Config.from_document({**self.document, **fields})

    def with_layer(self, diff_id: Digest, history: Mapping[str, Any]) -> Config:
        """Return a config with one more layer on top."""
        document = self.document
        rootfs = dict(document.get("rootfs") or {"type": "layers"})
        rootfs["diff_ids"] = [*(rootfs.get("diff_ids") or ()), str(diff_id)]
        return self.with_fields(rootfs=rootfs, history=[*(document.get("history") or ()), dict(history)])


def _object(document: Any, where: str) -> Mapping[str, Any]:
    return {} if document is None else expect_object(document, f"image config: {where}")


def canonical_json(document: Any) -> bytes:
    """Return the bytes of a JSON document: sorted keys, no white space, UTF-8."""
    return json.dumps(document, sort_keys=True, separators=(",", ":"), ensure_ascii=False).encode()


def parse_json(data: bytes, what: str) -> Any:
    """Parse JSON. Raises InvalidImage."""
    try:
        return json.loads(data)
    except (ValueError, RecursionError) as failure:
        raise InvalidImage(
            f"{what}: it is not JSON: {failure}",
            remedy="Check that it is an image. If it is, it is damaged: build or pull it again.",
        ) from None
