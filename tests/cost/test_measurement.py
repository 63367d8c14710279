"""REPORT lines, as published from real logs."""

import pytest

from iris_model.cost import read_reports, summarize_reports
from iris_model.errors import CostError

TEXT = [
    "START RequestId: 6f7f0961 Version: $LATEST",
    "REPORT RequestId: 6f7f0961\tDuration: 61.09 ms\tBilled Duration: 4048 ms\tMemory Size: 128 MB\tMax Memory Used: 75 MB\t"
    "Init Duration: 3986.50 ms\t",
    "2026-01-01T00:00:00.000Z REPORT RequestId: 7\tDuration: 26.73 ms\tBilled Duration: 27 ms\tMemory Size: 128 MB\t"
    "Max Memory Used: 80 MB",
    "REPORT RequestId: 8\tDuration: 3000.00 ms\tBilled Duration: 3000 ms\tMemory Size: 128 MB\tMax Memory Used: 76 MB\t"
    "Status: timeout",
    "REPORT RequestId: 9\tDuration: 3000.00",
]
JSON = (
    '{"time":"2026-01-01T00:00:05.001Z","type":"platform.report","record":{"requestId":"6f","metrics":{"durationMs":101.51,'
    '"billedDurationMs":219,"memorySizeMB":512,"maxMemoryUsedMB":33,"initDurationMs":116.67},"status":"success"}}'
)


def test_text_lines():
    reports = read_reports(TEXT)
    assert [report.duration_ms for report in reports] == [61.09, 26.73, 3000.0]
    measurement = summarize_reports(reports)
    assert measurement.cold_billed_ms == 4048
    assert measurement.cold_ms == pytest.approx(4047.59)
    assert measurement.warm_billed_ms == (27 + 3000) / 2
    assert measurement.max_memory_mib == 80
    assert (measurement.invocations, measurement.cold_starts) == (3, 1)


def test_json_lines():
    (report,) = read_reports(['{"type":"platform.start"}', JSON, "{platform.report"])
    assert (report.duration_ms, report.init_ms, report.memory_mib, report.billed_ms) == (101.51, 116.67, 512, 219)
    # With nothing but cold starts, a warm invocation is taken to last as long as their durations.
    assert summarize_reports([report]).warm_ms == 101.51


def test_billed_durations_are_used_if_present():
    # Until August 2025 the init of a zip function was not billed, and with SnapStart the restore is.
    memory = "Memory Size: 128 MB\tMax Memory Used: 75 MB"
    unbilled_init = (
        f"REPORT RequestId: 1\tDuration: 61.09 ms\tBilled Duration: 62 ms\t{memory}\tInit Duration: 3986.50 ms"
    )
    restored = (
        f"REPORT RequestId: 2\tDuration: 2338.66 ms\tBilled Duration: 2521 ms\t{memory}\tRestore Duration: 398.97 ms\t"
        "Billed Restore Duration: 182 ms"
    )
    silent = f"REPORT RequestId: 3\tDuration: 2.10 ms\t{memory}"
    measurement = summarize_reports(read_reports([unbilled_init, restored, silent]))
    assert measurement.cold_billed_ms == (62 + 2521) / 2
    assert measurement.warm_billed_ms == 3


def test_a_start_from_a_snapshot_is_a_cold_start():
    """Its line has no init. Its time is the sum of restore and duration, as AWS's page about SnapStart says."""
    text = (
        "REPORT RequestId: 2\tDuration: 2338.66 ms\tBilled Duration: 2521 ms\tMemory Size: 128 MB\tMax Memory Used: 75 MB\t"
        "Restore Duration: 398.97 ms\tBilled Restore Duration: 182 ms\t"
    )
    document = JSON.replace('"initDurationMs":116.67', '"restoreDurationMs":398.97,"billedRestoreDurationMs":182')
    for line, duration in ((text, 2338.66), (document, 101.51)):
        (report,) = read_reports([line])
        assert (report.duration_ms, report.init_ms) == (duration, 398.97)
        assert summarize_reports([report]).cold_ms == pytest.approx(duration + 398.97)


def test_nothing_to_summarize():
    with pytest.raises(CostError, match="no REPORT line"):
        summarize_reports([])


def test_two_memory_sizes():
    with pytest.raises(CostError, match="128, 512 MB"):
        summarize_reports(read_reports([*TEXT, JSON]))
