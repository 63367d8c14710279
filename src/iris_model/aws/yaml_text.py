"""A template as data in, YAML that people like to read out: short tags (`!Ref`), comments, always the same bytes."""

from __future__ import annotations

import textwrap
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import yaml

WIDTH = 120


@dataclass(frozen=True)
class Tag:
    """A function of CloudFormation, as its short YAML tag: `Tag("Ref", "Role")` is `!Ref Role`."""

    name: str
    value: Any


def ref(name: str) -> Tag:
    """Refer to a parameter or a resource."""
    return Tag("Ref", name)


def get_att(path: str) -> Tag:
    """Refer to an attribute of a resource: `Role.Arn`."""
    return Tag("GetAtt", path)


def sub(text: str) -> Tag:
    """Fill `${...}` in."""
    return Tag("Sub", text)


def render(sections: Mapping[str, Any], comments: Mapping[str, str], *, head: str) -> str:
    """Render the sections of a template; an entry of a section that has a comment gets it above."""
    parts = [_comment(head, "")]
    for section, content in sections.items():
        if not isinstance(content, Mapping):
            parts.append(_dump({section: content}))
            continue
        lines = [f"{section}:\n"]
        for name, value in content.items():
            note = comments.get(name, "")
            lines.append((_comment(note, "  ") if note else "") + textwrap.indent(_dump({name: value}), "  "))
        blank = "\n" if section == "Resources" else ""
        parts.append(lines[0] + blank.join(lines[1:]))
    return "\n".join(parts)


def read(text: str) -> Any:
    """Read a template again, tags and all."""
    return yaml.load(text, Loader=_Loader)  # noqa: S506 - a safe loader with one more kind of plain data


def plain(value: Any) -> Any:
    """Spell the tags out, as JSON templates do: `!GetAtt Role.Arn` is `{"Fn::GetAtt": ["Role", "Arn"]}`."""
    if isinstance(value, Tag):
        if value.name == "Ref":
            return {"Ref": value.value}
        inner = value.value.split(".", 1) if value.name == "GetAtt" and isinstance(value.value, str) else value.value
        return {f"Fn::{value.name}": plain(inner)}
    if isinstance(value, Mapping):
        return {name: plain(item) for name, item in value.items()}
    if isinstance(value, list):
        return [plain(item) for item in value]
    return value


def _comment(text: str, indent: str) -> str:
    return "".join(f"{indent}# {line}".rstrip() + "\n" for line in textwrap.wrap(text, WIDTH - 2 - len(indent)))


def _dump(value: Any) -> str:
    return yaml.dump(value, Dumper=_Dumper, sort_keys=False, width=WIDTH, allow_unicode=True, default_flow_style=False)


class _Dumper(yaml.SafeDumper):
    def increase_indent(self, flow: bool = False, indentless: bool = False) -> None:
        super().increase_indent(flow, False)  # list items stand below their key, indented

    def ignore_aliases(self, data: Any) -> bool:
        return True  # CloudFormation knows no anchors


class _Loader(yaml.SafeLoader):
    pass


def _represent_tag(dumper: yaml.SafeDumper, tag: Tag) -> yaml.Node:
    if isinstance(tag.value, str):
        return dumper.represent_scalar(f"!{tag.name}", tag.value)
    return dumper.represent_sequence(f"!{tag.name}", tag.value, flow_style=True)


def _construct_tag(loader: yaml.SafeLoader, suffix: str, node: yaml.Node) -> Tag:
    if isinstance(node, yaml.ScalarNode):
        return Tag(suffix, loader.construct_scalar(node))
    if isinstance(node, yaml.SequenceNode):
        return Tag(suffix, loader.construct_sequence(node, deep=True))
    return Tag(suffix, loader.construct_mapping(node, deep=True))  # type: ignore[arg-type]


_Dumper.add_representer(Tag, _represent_tag)
yaml.add_multi_constructor("!", _construct_tag, Loader=_Loader)
