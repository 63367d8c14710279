"""Layers that would take gigabytes: refused before the memory is taken."""

import io
import tarfile

import pytest

from iris_model.oci.tars import tar_members
from iris_model.oci.tars.tar_members import members_of, open_tar


def header(kind, size):
    info = tarfile.TarInfo("././@LongLink")
    info.type, info.size = kind, size
    return info.tobuf(tarfile.GNU_FORMAT)


@pytest.mark.parametrize("kind", [tarfile.GNUTYPE_LONGNAME, tarfile.GNUTYPE_LONGLINK, tarfile.XHDTYPE, tarfile.XGLTYPE])
def test_a_name_of_gigabytes(kind):
    with (
        pytest.raises(tarfile.TarError, match="a header of 2147483648 bytes"),
        open_tar(io.BytesIO(header(kind, 1 << 31))) as tar,
    ):
        list(members_of(tar))


def test_more_entries_than_any_image_has(monkeypatch):
    monkeypatch.setattr(tar_members, "MOST_ENTRIES", 10)
    data = b"".join(tarfile.TarInfo(str(number)).tobuf() for number in range(12)) + bytes(1024)
    with pytest.raises(tarfile.TarError, match="more than 10 entries"), open_tar(io.BytesIO(data)) as tar:
        list(members_of(tar))


def test_entries_with_long_names_are_read():
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w", format=tarfile.PAX_FORMAT) as tar:
        for number in range(3):
            info = tarfile.TarInfo(f"{'directory/' * 30}{number}")
            info.size = 4
            tar.addfile(info, io.BytesIO(b"data"))
    buffer.seek(0)
    with open_tar(buffer) as tar:
        found = [(member.name[-1], tar.extractfile(member).read()) for member in members_of(tar)]
        assert found == [("0", b"data"), ("1", b"data"), ("2", b"data")]
        assert tar.members == []
