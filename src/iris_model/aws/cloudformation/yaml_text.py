"""Write a template as readable YAML: short tags (`!Ref`), comments, always the same bytes.

The text is ASCII, other characters are escaped: CloudFormation's GetTemplate returns question marks instead of them.
"""

from __future__ import annotations

import json
import textwrap
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import yaml

WIDTH = 120

# A scalar that starts with a letter or a slash, and is none of these words, is a string in YAML 1.1 and 1.2; all others
# are quoted. CloudFormation reads YAML 1.1, other tools read either version. `1234567e5`, `08`, `1e-3`, `12:30:45`,
# `2024-01-01`, `0o17` and `yes` have different meanings in the two.
_WORDS = frozenset("y n yes no true false on off null nan inf infinity".split())


@dataclass(frozen=True)
class Tag:
    """A CloudFormation function as its short YAML tag: `Tag("Ref", "Role")` is `!Ref Role`."""

    name: str
    value: Any


def ref(name: str) -> Tag:
    """Refer to a parameter or a resource."""
    return Tag("Ref", name)


def get_att(path: str) -> Tag:
    """Refer to an attribute of a resource: `Role.Arn`."""
    return Tag("GetAtt", path)


def sub(text: str) -> Tag:
    """Return the tag `!Sub` for a text: CloudFormation replaces each `${...}` in it."""
    return Tag("Sub", text)


def render(sections: Mapping[str, Any], comments: Mapping[str, str], *, head: str) -> str:
    """Return the YAML of a template. The comment of an entry is written above it."""
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
    """Parse a template with its tags."""
    return yaml.load(text, Loader=_Loader)  # noqa: S506 - a safe loader with one more kind of plain data


def plain(value: Any) -> Any:
    """Expand the tags as in JSON templates: `!GetAtt Role.Arn` becomes `{"Fn::GetAtt": ["Role", "Arn"]}`."""
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
    """Wrap each paragraph of a text. A paragraph that starts with spaces is a command, and stays on one line."""
    width = WIDTH - 2 - len(indent)
    lines = [
        line
        for paragraph in text.split("\n")
        for line in (
            [paragraph] if paragraph.startswith(" ") else textwrap.wrap(paragraph, width, break_on_hyphens=False)
        )
    ]
    return "".join(f"{indent}# {line}".rstrip() + "\n" for line in lines)


def _dump(value: Any) -> str:
    return yaml.dump(value, Dumper=_Dumper, sort_keys=False, width=WIDTH, default_flow_style=False)


class _Dumper(yaml.SafeDumper):
    def increase_indent(self, flow: bool = False, indentless: bool = False) -> None:
        super().increase_indent(flow, False)  # list items are indented below their key

    def check_simple_key(self) -> bool:
        # PyYAML writes keys over 128 characters as `? key`, which some readers of templates do not support. YAML
        # requires it only for keys over 1024 characters. JSON's escapes are at least as long as those of YAML.
        if isinstance(self.event, yaml.ScalarEvent) and len(json.dumps(self.event.value)) < 1000:
            return True
        return super().check_simple_key()

    def ignore_aliases(self, data: Any) -> bool:
        return True  # CloudFormation does not support anchors


class _Loader(yaml.SafeLoader):
    pass


def _represent_text(dumper: yaml.SafeDumper, text: str) -> yaml.Node:
    node = dumper.represent_str(text)
    is_text_for_all = (text[:1].isalpha() or text[:1] == "/") and text.lower() not in _WORDS
    if not text.isprintable():
        node.style = '"'  # with escapes: YAML 1.1 reads U+0085 and U+2028 as line breaks, 1.2 does not
    elif not is_text_for_all:
        node.style = "'"
    return node


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
_Dumper.add_representer(str, _represent_text)
yaml.add_multi_constructor("!", _construct_tag, Loader=_Loader)
