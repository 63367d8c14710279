"""The packages of a base, from the databases of its package managers; unreadable ones are reported."""

from __future__ import annotations

import sqlite3
import tarfile
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from iris_model.image.bases.base_files import BaseFacts, read_base_files
from iris_model.image.bases.rpm_database import UnreadableDatabase, read_header, read_rpm_packages
from iris_model.image.bases.system_package import OperatingSystem, Package
from iris_model.oci import Layer, LayerEntry, build_layer, file_entry, link_entry
from tests.oci.samples import layer_of, tar_bytes
from tests.support.base_images import base_image
from tests.support.rpm_headers import (
    ARCHITECTURE,
    EPOCH,
    LICENSE,
    NAME,
    RELEASE,
    SOURCE,
    VENDOR,
    VERSION,
    rpm_header,
    write_logged_database,
    write_rpm_database,
)
from tests.support.spread import spread

DATABASE = "var/lib/rpm/rpmdb.sqlite"
OPENSSL = {
    NAME: "openssl-libs",
    VERSION: "3.0.8",
    RELEASE: "1.amzn2023.0.18",
    EPOCH: 1,
    VENDOR: "Amazon Linux",
    LICENSE: "Apache-2.0",
    ARCHITECTURE: "x86_64",
    SOURCE: "openssl-3.0.8-1.amzn2023.0.18.src.rpm",
}
BASH = {NAME: "bash", VERSION: "5.2.15", RELEASE: "1.amzn2023", ARCHITECTURE: "x86_64"}
KEY = {NAME: "gpg-pubkey", VERSION: "d832c631", RELEASE: "6515c85e"}
AMAZON = b"""NAME="Amazon Linux"
ID="amzn"
VERSION_ID="2023"
PRETTY_NAME="Amazon Linux 2023"
CPE_NAME="cpe:2.3:o:amazon:amazon_linux:2023"
"""


def facts_of(*more: LayerEntry, above: tuple[Layer, ...] = ()) -> BaseFacts:
    image = base_image(more=more)
    for layer in above:
        image = image.append_layer(layer)
    facts = read_base_files(image, "test", "x86_64")
    assert BaseFacts.from_document(facts.to_document()) == facts  # as the cache keeps it
    return facts


def whiteout(path: str) -> Layer:
    return layer_of(tar_bytes(lambda archive: archive.addfile(tarfile.TarInfo(path))))


def names(facts: BaseFacts) -> list[str]:
    return [package.name for package in facts.packages]


def database(tmp_path: Path, *packages: dict[int, str | int]) -> bytes:
    (tmp_path / "rpmdb.sqlite").unlink(missing_ok=True)
    return write_rpm_database(tmp_path / "rpmdb.sqlite", map(rpm_header, packages))


def test_packages_of_amazon_linux(tmp_path: Path) -> None:
    data = database(tmp_path, OPENSSL, KEY, BASH)
    facts = facts_of(file_entry(DATABASE, data), file_entry("etc/os-release", AMAZON))
    assert facts.unlisted == ()
    assert facts.packages == (
        Package("rpm", "bash", "5.2.15-1.amzn2023", architecture="x86_64"),
        Package(
            "rpm",
            "openssl-libs",
            "3.0.8-1.amzn2023.0.18",
            architecture="x86_64",
            license="Apache-2.0",
            vendor="Amazon Linux",
            source="openssl-3.0.8-1.amzn2023.0.18.src.rpm",
            epoch="1",
        ),
    )
    assert facts.system == OperatingSystem("amzn", "2023", "Amazon Linux 2023", "cpe:2.3:o:amazon:amazon_linux:2023")


def test_an_upper_layer_has_the_last_word(tmp_path: Path) -> None:
    lower = file_entry(DATABASE, database(tmp_path, OPENSSL))
    upper = file_entry(DATABASE, database(tmp_path, OPENSSL, BASH))
    assert names(facts_of(lower)) == ["openssl-libs"]
    assert names(facts_of(lower, above=(build_layer([upper]),))) == ["bash", "openssl-libs"]
    gone = facts_of(lower, above=(whiteout("var/lib/rpm/.wh.rpmdb.sqlite"),))
    assert (gone.packages, gone.unlisted) == ((), ("no dpkg, apk or rpm database was found",))
    emptied = facts_of(lower, above=(whiteout("var/lib/rpm/.wh..wh..opq"),))
    assert emptied.packages == ()


def test_rpm_database_behind_a_linked_directory(tmp_path: Path) -> None:
    data = database(tmp_path, BASH)
    facts = facts_of(
        file_entry("usr/lib/sysimage/rpm/rpmdb.sqlite", data), link_entry("var/lib/rpm", "../../usr/lib/sysimage/rpm")
    )
    assert names(facts) == ["bash"]


def test_packages_in_the_write_ahead_log_are_read(tmp_path: Path) -> None:
    data, log = write_logged_database(tmp_path / "rpmdb.sqlite", [rpm_header(BASH)], [rpm_header(OPENSSL)])
    assert names(facts_of(file_entry(DATABASE, data), file_entry(f"{DATABASE}-wal", log))) == ["bash", "openssl-libs"]
    assert names(facts_of(file_entry(DATABASE, data))) == ["bash"]


@pytest.mark.parametrize(
    ("path", "said"),
    [
        ("var/lib/rpm/Packages", "Berkeley DB's format"),  # Amazon Linux 2
        ("usr/lib/sysimage/rpm/Packages.db", "ndb"),  # SUSE
    ],
)
def test_databases_that_are_not_read_are_named(path: str, said: str) -> None:
    facts = facts_of(file_entry(path, b"\0" * 12 + b"\x61\x15\x06\0"))
    assert facts.packages == ()
    (reason,) = facts.unlisted
    assert said in reason
    assert f"/{path}" in reason


def endless(tmp_path: Path) -> bytes:
    path = tmp_path / "endless.sqlite"
    connection = sqlite3.connect(path)
    connection.execute(
        "CREATE VIEW Packages AS WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n) "
        "SELECT i AS hnum, zeroblob(9) AS blob FROM n WHERE i < 0"
    )
    connection.commit()
    connection.close()
    return path.read_bytes()


@pytest.mark.parametrize(
    ("make", "said"),
    spread(
        [
            (lambda path: b"", "no such table"),
            (lambda path: b"not a database" * 100, "not a database"),
            (lambda path: database(path, BASH)[:5000], "SQLite reports"),
            (lambda path: write_rpm_database(path / "d", [b"\0\0\0\1\0\0\0\1"]), "claims 1 entries"),
            (lambda path: write_rpm_database(path / "d", [b""]), "damaged"),
            (lambda path: database(path, {VERSION: "1"}), "names no package"),
            (endless, "interrupted"),
        ],
        3,
        unpack=True,
    ),
    ids=["empty", "text", "cut", "header that claims too much", "empty header", "no name", "endless"],
)
def test_a_damaged_database_is_reported_and_the_base_still_read(tmp_path: Path, make, said: str) -> None:
    facts = facts_of(file_entry(DATABASE, make(tmp_path)))
    assert facts.packages == ()
    (reason,) = facts.unlisted
    assert said in reason
    assert f"/{DATABASE}" in reason


@given(st.data())
@settings(max_examples=300, deadline=None)
def test_any_header_is_read_or_refused(data: st.DataObject) -> None:
    header = bytearray(rpm_header(OPENSSL))
    for _ in range(data.draw(st.integers(1, 8))):
        header[data.draw(st.integers(0, len(header) - 1))] = data.draw(st.integers(0, 255))
    try:
        read_header(bytes(header[: data.draw(st.integers(0, len(header)))]))
    except UnreadableDatabase as why:
        assert "header" in str(why)


def test_an_empty_log_is_no_matter(tmp_path: Path) -> None:
    assert [each.name for each in read_rpm_packages(database(tmp_path, BASH), b"")] == ["bash"]


STATUS = b"""Package: libc6
Status: install ok installed
Architecture: amd64
Source: glibc (2.36-9)
Version: 2.36-9+deb12u7
Description: GNU C Library
 Version: not this one
\t.

Package: removed
Status: deinstall ok config-files
Version: 1.0

"""


def test_packages_of_debian_without_those_that_were_removed() -> None:
    facts = facts_of(file_entry("var/lib/dpkg/status", STATUS))
    assert facts.packages == (Package("deb", "libc6", "2.36-9+deb12u7", architecture="amd64", source="glibc"),)


def test_packages_of_a_distroless_image() -> None:
    parts = [
        file_entry("var/lib/dpkg/status.d/tzdata", b"Package: tzdata\nVersion: 2024a\nArchitecture: all\n"),
        file_entry("var/lib/dpkg/status.d/base", b"Package: base-files\nVersion: 12.4\n"),
        file_entry("var/lib/dpkg/status.d/base.md5sums", b"d41d8cd98f00b204e9800998ecf8427e  etc/motd\n"),
    ]
    assert names(facts_of(*parts)) == ["base-files", "tzdata"]


@pytest.mark.parametrize("path", ["lib/apk/db/installed", "usr/lib/apk/db/installed"])
def test_packages_of_alpine(path: str) -> None:
    musl = b"C:Q1abc=\nP:musl\nV:1.2.5-r9\nA:x86_64\nL:MIT\no:musl\nF:lib\nR:ld-musl-x86_64.so.1\n\n"
    text = musl + b"P:ssl_client\nV:1.37.0-r12\no:busybox\n\n"
    assert facts_of(file_entry(path, text)).packages == (
        Package("apk", "musl", "1.2.5-r9", architecture="x86_64", license="MIT", source="musl"),
        Package("apk", "ssl_client", "1.37.0-r12", source="busybox"),
    )


def test_python_and_its_packages_are_listed() -> None:
    """The Python of AWS's bases, and what pip put there."""
    metadata = b"Metadata-Version: 2.1\nName: Boto3\nVersion: 1.40.4\nLicense: Apache-2.0\n\nName: not this one\n"
    facts = facts_of(
        file_entry("var/lang/lib/python3.11/site-packages/boto3-1.40.4.dist-info/METADATA", metadata),
        file_entry("usr/lib/python3/dist-packages/wheel-0.38.4.egg-info/PKG-INFO", b"Name: wheel\nVersion: 0.38.4\n"),
        file_entry("usr/lib/python3/dist-packages/old.egg-info", b"Name: old_one\nVersion: 1.0\nLicense: UNKNOWN\n"),
        file_entry("usr/include/python3.11/patchlevel.h", b'#define PY_VERSION   \t"3.11.9+"\n'),
        file_entry("var/lang/include/python3.12/patchlevel.h", b'#define PY_VERSION "3.12.1"\n'),
    )
    assert facts.packages == (
        Package("pypi", "old-one", "1.0"),
        Package("pypi", "wheel", "0.38.4"),
        Package("pypi", "boto3", "1.40.4", license="Apache-2.0"),
    )
    assert facts.python_version == "3.11.9+"  # of the one that is found on the PATH: /usr/bin/python3.11
