"""The watchdog of the tests sees what it must see: a blocked loop, and not a busy machine."""

from __future__ import annotations

import asyncio
import os
import time

import pytest

from tests.support.loop_watchdog import LoopWatchdog


def _block_in_a_read() -> None:
    reading, writing = os.pipe()
    loop = asyncio.get_running_loop()
    loop.run_in_executor(None, lambda: (time.sleep(0.3), os.close(writing)))
    os.read(reading, 1)
    os.close(reading)


def _compute() -> None:
    limit = time.process_time() + 0.3
    while time.process_time() < limit:
        pass


@pytest.mark.parametrize(("callback", "found"), [(_block_in_a_read, "os.read"), (_compute, "process_time")])
def test_a_blocked_loop_is_seen(callback, found):
    async def main() -> list[str]:
        watchdog = LoopWatchdog()
        await asyncio.sleep(0.05)
        callback()
        await asyncio.sleep(0.05)
        watchdog.stop()
        return watchdog.blocked

    (stack,) = asyncio.run(main())
    assert found in stack


def test_an_idle_loop_is_not_reported():
    async def main() -> list[str]:
        watchdog = LoopWatchdog()
        await asyncio.sleep(0.4)
        watchdog.stop()
        return watchdog.blocked

    assert asyncio.run(main()) == []
