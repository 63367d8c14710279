"""The masks of the comparison leave out what they name, and nothing else."""

from tests.e2e.observation import comparable_log, mask, observe, without_foreign_frames
from tests.support.rie_process import Answer

REQUEST_ID = "5c1f2b1e-0b1d-4f0e-9d3a-2f1b3c4d5e6f"


def test_numbers_of_different_spelling_are_different() -> None:
    assert observe(Answer(200, b"[1, 0.10]"), "") != observe(Answer(200, b"[1.0, 0.1]"), "")


def test_status_counts() -> None:
    assert observe(Answer(200, b"{}"), "") != observe(Answer(502, b"{}"), "")


def test_request_ids_and_times_are_masked() -> None:
    line = f"[INFO]\t2026-11-23T03:04:05.678Z\t{REQUEST_ID}\tpetal 5.1"
    assert mask(line) == "[INFO]\t<time>\t<request id>\tpetal 5.1"


def test_parser_words_are_masked_up_to_the_end_of_the_text() -> None:
    body = b'{"errorMessage": "Unable to unmarshal input: in \\"quotes\\": line 1", "errorType": "X"}'
    assert observe(Answer(200, body), "").body == {
        "errorMessage": "Unable to unmarshal input: <why>",
        "errorType": "X",
    }


def test_frames_outside_of_the_function_are_removed() -> None:
    own = ['  File "/var/task/app.py", line 7, in handler\n    raise ValueError("bad")\n']
    foreign = ['  File "<frozen importlib._bootstrap>", line 1176, in _find_and_load\n']
    assert without_foreign_frames(foreign + own) == own


def test_a_foreign_frame_takes_its_source_lines_along() -> None:
    log = (
        "[ERROR] TypeError: no\rTraceback (most recent call last):"
        '\r\xa0\xa0File "/var/runtime/awslambdaric/bootstrap.py", line 178, in handle_event_request'
        "\r\xa0\xa0\xa0\xa0response = request_handler(event, lambda_context)"
        '\r\xa0\xa0File "/var/task/app.py", line 7, in handler\r\xa0\xa0\xa0\xa0bloom()\n'
        "END RequestId: x\n"
    )
    assert comparable_log(log) == [
        "[ERROR] TypeError: no",
        "Traceback (most recent call last):",
        '\xa0\xa0File "/var/task/app.py", line 7, in handler',
        "\xa0\xa0\xa0\xa0bloom()",
    ]
