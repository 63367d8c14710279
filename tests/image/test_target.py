"""Which wheels run on a target, and which dependencies it has, judged by `packaging`, the library that pip uses."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from packaging.markers import Marker

from iris_model.image.dependencies.markers import environment_of, needed_on
from iris_model.image.target import Libc, Target

TARGETS = [
    Target("3.11", "x86_64", Libc("glibc", 2, 26)),
    Target("3.13", "arm64", Libc("glibc", 2, 34)),
    Target("3.12", "x86_64", Libc("musl", 1, 2)),
]


def test_tags_of_amazon_linux_2_are_those_of_pep_600() -> None:
    tags = TARGETS[0].platform_tags
    assert tags[0] == "manylinux_2_26_x86_64"
    assert "manylinux_2_28_x86_64" not in tags  # numpy 2.3 and later: numpy#29150
    for old, new in (("manylinux2014", "2_17"), ("manylinux2010", "2_12"), ("manylinux1", "2_5")):
        assert tags.index(f"{old}_x86_64") == tags.index(f"manylinux_{new}_x86_64") + 1


def test_tags_of_arm_begin_where_manylinux_began_there() -> None:
    tags = TARGETS[1].platform_tags
    assert tags[0] == "manylinux_2_34_aarch64"
    assert tags[-3:] == ("manylinux_2_17_aarch64", "manylinux2014_aarch64", "linux_aarch64")


def test_tags_of_musl() -> None:
    assert TARGETS[2].platform_tags == ("musllinux_1_2_x86_64", "musllinux_1_1_x86_64")


def test_tags_are_those_that_packaging_finds_for_this_machine() -> None:
    import platform

    from packaging._manylinux import platform_tags

    name, version = platform.libc_ver()
    if name != "glibc" or platform.machine() != "x86_64":
        pytest.skip("packaging tells the tags of the running machine only, and this is another one")
    target = Target("3.11", "x86_64", Libc("glibc", 2, int(version.split(".")[1])))
    assert list(target.platform_tags[:-1]) == list(platform_tags(["x86_64"]))


NAMES = st.sampled_from(
    [
        "python_version",
        "python_full_version",
        "sys_platform",
        "platform_machine",
        "os_name",
        "implementation_name",
        "extra",
    ]
)
VALUES = st.sampled_from(
    ["3.9", "3.11", "3.12", "3.13", "3.13.0", "linux", "win32", "x86_64", "aarch64", "posix", "cpython", "test"]
)


@st.composite
def markers(draw: st.DrawFn) -> str:
    name, value = draw(NAMES), draw(VALUES)
    versions = name.startswith("python")
    value = draw(st.sampled_from(["3.9", "3.11", "3.12", "3.13", "3.13.0"])) if versions else value
    operator = draw(st.sampled_from(["==", "!=", "<", "<=", ">", ">=", "~="] if versions else ["==", "!="]))
    single = f'{name} {operator} "{value}"'
    if draw(st.booleans()):
        return single
    other = draw(markers())
    text = f"{single} {draw(st.sampled_from(['and', 'or']))} {other}"
    return f"({text})" if draw(st.booleans()) else text


@pytest.mark.slow
@given(markers(), st.sampled_from(TARGETS))
@settings(max_examples=300, deadline=None)
def test_markers_mean_what_packaging_says(text: str, target: Target) -> None:
    expected = Marker(text).evaluate(dict(environment_of(target)))
    assert (needed_on(f"numpy>=1 ; {text}", target) is not None) == expected


@pytest.mark.parametrize(
    ("marker", "needed"),
    [
        ('"win" in sys_platform', False),
        ('"x86" in platform_machine', True),
        ('python_version == "3.11.*"', True),
        ('python_version != "3.11.*"', False),
        ("this is no marker", True),
        ('python_version < "3.12', True),
        ('python_version >= "3.11rc1"', True),
        ('python_version < "3.11.dev0"', False),
        ('python_full_version < "3.11.0rc1"', False),
        ('os.name == "posix"', True),
        ('python_implementation == "CPython"', True),
        ('platform_python_implementation != "cpython"', True),
    ],
)
def test_odd_markers(marker: str, needed: bool) -> None:
    assert (needed_on(f"numpy; {marker}", TARGETS[0]) is not None) == needed
