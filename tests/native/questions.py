"""Events for the native runtime: right ones of every front end and protocol, and the same ones with errors in them."""

from __future__ import annotations

import base64
import gzip
import json
import random
from typing import Any

from tests.fuzz.events import draw_event

# Letters of Unicode 14 and before: every Python that runs the reference knows them.
STRINGS = [
    "",
    "a",
    "é",
    "\u00df",
    "\ud800",
    "\U0001f600",
    "\u200b",
    "\x7f",
    "\\",
    "'",
    '"',
    "'\"",
    "\n",
    "x" * 50,
    "5.1",
    "\u0661",
    "nan",
]
NUMBERS: list[Any] = [
    0,
    1,
    -1,
    5.1,
    -0.0,
    1e-320,
    1e22,
    123456789012345678901234567890,
    1e308,
    3.5e38,
    10**400,
    0.1 + 0.2,
    7e-5,
    2**53 + 1,
]
NUMBER_TEXTS = [
    "1", "-1", "0", "-0", "0.5", "1e5", "1E+2", "1e999", "-1e999", "01", "1.", ".5", "+1", "1_0", "1__0", "_1", "nan", "inf",
    " 2 ", "\t3", "\u0661\u0662", "\uff15", "1e", "0x1", "5e-324", "2.2250738585072011e-308", "123456789012345678901234567890",
    "9007199254740993", "true", "True", "FALSE", "", "1,5", "\xa07", "Infinity", "1e1_0",
]  # fmt: skip
TYPES = [
    "application/json", "text/csv", "application/csv", "text/csv; charset=utf-8", "application/json; charset=latin-1", "text/plain",  # noqa: E501
    "application/x-www-form-urlencoded", "application/vnd.x+json", "image/png", "\u0130/\u03a3\u0391\u03a3", "TEXT/CSV ; x", "", " ",  # noqa: E501
    "multipart/form-data", 'application/json; charset="UTF-8"', "application/json;charset=utf8;q=1", "text/json",
]  # fmt: skip
ENCODINGS = [
    "gzip",
    "gzip;q=0",
    "*",
    "",
    "q=;;,",
    "br, gzip;q=0.5",
    "x-gzip",
    "identity;q=1, *;q=0",
    "gzip;q=nan",
    "GZIP",
    "gzip;q=-1",
    "gzip ; q = 1",
]
ACCEPTS = [
    "text/csv",
    "application/json",
    "application/json, text/csv",
    "text/csv;q=0.5, application/json",
    "*/*",
    "application/csv",
    "",
]
PATHS = ["/", "/v2", "/v2/health/live", "/v2/health/ready", "/v2/models/x", "/v2/models/x/ready", "/v2/models/x/versions/1", "/v2/models/x/versions/1/ready",  # noqa: E501
    "/stage/v2/models/m", "/v2/models", "//v2//", "/predict", "/v2/v2/health/live", "/v2/models/x/infer", "v2", "/v2/models//ready"]  # fmt: skip  # noqa: E501
METHODS = ["POST"] * 8 + ["GET", "HEAD", "PUT", "get", "OPTIONS", "\u00e9"]


class Questions:
    """Draws events for a model with these columns."""

    def __init__(self, names: list[str], seed: object) -> None:
        self.names = names
        self.random = random.Random(str(seed))

    def event(self) -> tuple[bytes, dict[str, str]]:
        """Return the bytes of an event, and headers of the Runtime API."""
        choice = self.random.random()
        if choice < 0.1:
            data = json.dumps(draw_event(self.random)).encode()
        elif choice < 0.3:
            data = self.text(self.payload()).encode("utf-8", "surrogatepass")
        else:
            data = json.dumps(self.request(), ensure_ascii=self.random.random() < 0.8).encode("utf-8", "surrogatepass")
        if self.random.random() < 0.05:
            data = self.mutate(data)
        headers = {}
        if self.random.random() < 0.02:
            headers["Content-Type"] = self.random.choice(["text/csv", "application/octet-stream", "application/json"])
        if self.random.random() < 0.02:
            headers["Lambda-Runtime-Client-Context"] = self.random.choice(['{"custom": {}}', "{", '{"env": 1}'])
        if self.random.random() < 0.02:
            headers["Lambda-Runtime-Invocation-Id"] = "attempt-1"
        return data, headers

    def request(self) -> Any:
        """Return an event of a front end, or a body alone."""
        draw = self.random
        is_csv = draw.random() < 0.25
        body: Any = self.csv() if is_csv else self.text(self.payload())
        if draw.random() < 0.1:
            body = self.mutate(body.encode("utf-8", "surrogatepass")).decode("utf-8", "surrogateescape")
            body = body.encode("utf-8", "surrogateescape").decode("utf-8", "replace")
        headers: dict[str, Any] = {}
        if is_csv:
            headers[draw.choice(["content-type", "Content-Type"])] = draw.choice(
                ["text/csv", "application/csv", "text/csv; charset=utf-8"]
            )
        if draw.random() < 0.15:
            headers["content-type"] = draw.choice(TYPES)
        if draw.random() < 0.2:
            headers["Accept"] = draw.choice(ACCEPTS)
        if draw.random() < 0.2:
            headers["ACCEPT-ENCODING"] = draw.choice(ENCODINGS)
        if draw.random() < 0.02:
            headers["Inference-Header-Content-Length"] = "5"
        if draw.random() < 0.02:
            headers["x"] = draw.choice([None, 1, ["a"]])
        event: dict[str, Any] = {"body": body, "isBase64Encoded": False}
        choice = draw.random()
        if choice < 0.12:
            raw = body.encode("utf-8", "surrogatepass")
            if draw.random() < 0.5:
                raw = gzip.compress(raw, draw.randrange(10))
                headers["content-encoding"] = draw.choice(["gzip", "gzip", "x-gzip", " GZIP", "br"])
                if draw.random() < 0.3:
                    raw = self.mutate(raw)
            event["body"] = base64.b64encode(raw).decode()
            event["isBase64Encoded"] = draw.choice([True, True, 1, "yes"])
            if draw.random() < 0.1:
                event["body"] = self.mutate(event["body"].encode()).decode("latin-1")
        elif choice < 0.2:
            event["body"] = draw.choice([None, "", self.payload(), 5, [1], "  "])
        elif choice < 0.23:
            headers["content-encoding"] = draw.choice(["gzip", "identity", "deflate", ""])
        if headers or draw.random() < 0.5:
            event["headers"] = headers
        return self.front_end(event)

    def front_end(self, event: dict[str, Any]) -> Any:
        """Add the fields of a front end."""
        draw = self.random
        choice, method, path = draw.random(), draw.choice(METHODS), draw.choice(PATHS)
        if choice < 0.5:
            event |= {"version": "2.0", "rawPath": path, "requestContext": {"http": {"method": method}}}
            if draw.random() < 0.03:
                del event["rawPath"]
        elif choice < 0.8:
            event |= {"httpMethod": method, "path": path, "requestContext": draw.choice([{}, {"elb": {}}, None, "elb"])}
            if draw.random() < 0.5:
                event["version"] = "1.0"
            if draw.random() < 0.5:
                headers = event.get("headers") or {}
                event["multiValueHeaders"] = {name: [value] for name, value in headers.items()} | {"y": [], "z": None}
                if draw.random() < 0.3:
                    event.pop("headers", None)
        elif choice < 0.85:
            event.pop("isBase64Encoded")
        return event

    def payload(self) -> Any:
        """Return rows in one of the protocols."""
        draw = self.random
        names = self.names if draw.random() < 0.9 else draw.sample(self.names, len(self.names))
        count = draw.choice([0, 1, 1, 1, 2, 3, 5])
        rows = [[self.cell() for _ in names] for _ in range(count)]
        if draw.random() < 0.1 and rows:
            draw.choice(rows).append(self.cell())
        records = [dict(zip(names, row)) for row in rows]
        if draw.random() < 0.1 and records:
            draw.choice(records)[draw.choice(STRINGS)] = 1
        if draw.random() < 0.05 and records and records[0]:
            draw.choice(records).popitem()
        columns = {name: [row[place] for row in rows if place < len(row)] for place, name in enumerate(names)}
        split = {"columns": names, "data": rows}
        if draw.random() < 0.3:
            split["columns"] = draw.choice(
                [None, list(range(len(names))), [1], ["a"], [*names, names[0]], "x", [*names[1:], "q"]]
            )
        return draw.choice([
            lambda: rows, lambda: records, lambda: rows[0] if rows else 5, lambda: records[0] if records else {},
            lambda: {"instances": draw.choice([rows, records])}, lambda: {"dataframe_records": draw.choice([records, rows])},
            lambda: {"dataframe_split": split}, lambda: {"inputs": draw.choice([rows, columns, records])}, lambda: self.tensors(names, rows),  # noqa: E501
            lambda: {"instances": rows, "inputs": rows}, lambda: draw.choice([None, True, "a", 1.5, {"a": 1}, [[]], [None], [[], []]]),  # noqa: E501
        ])()  # fmt: skip

    def tensors(self, names: list[str], rows: list[list[Any]]) -> Any:
        """Return a request of the Open Inference Protocol, often with something odd."""
        draw = self.random
        shape: Any = [len(rows), len(names)]
        data: Any = [cell for row in rows for cell in row]
        if draw.random() < 0.2:
            data = rows
        tensor: dict[str, Any] = {"name": "x", "shape": shape, "datatype": "FP64", "data": data}
        if draw.random() < 0.3:
            tensor[draw.choice(list(tensor))] = draw.choice(
                [
                    None,
                    1,
                    "FP32",
                    [2],
                    [2, 3, 4],
                    [-1],
                    [True, 1],
                    {"a": [1, "x"]},
                    [10**30, 10**25],
                    [],
                    [1.0],
                    "BYTES",
                    [0],
                ]
            )
        asked: dict[str, Any] = {"inputs": [tensor]}
        if draw.random() < 0.3:
            asked["inputs"] = [
                {
                    "name": name,
                    "shape": draw.choice([[len(rows)], [len(rows), 1], [1]]),
                    "datatype": "FP64",
                    "data": [row[place] for row in rows],
                }
                for place, name in enumerate(names)
            ]
        if draw.random() < 0.05:
            asked["inputs"].append(draw.choice([1, tensor, {"shape": [1], "datatype": "FP64", "data": [1]}]))
        if draw.random() < 0.3:
            asked["id"] = draw.choice(["abc", 5, 5.5, True, None, [], "\ud800", 10**30, 1e999, "é"])
        if draw.random() < 0.3:
            asked["outputs"] = draw.choice(
                [[{"name": "predict"}], [{"name": "predict_proba"}], [], None, {}, "", "x", 5, [{"name": 1}], [{"name": "predict"}] * 2, [1], {"a": 1}, [{}],  # noqa: E501
                 [{"name": "predict_proba"}, {"name": "predict"}]]
            )  # fmt: skip
        return asked

    def cell(self) -> Any:
        """Return a number, sometimes a strange value."""
        choice = self.random.random()
        if choice < 0.6:
            return round(self.random.uniform(-4, 8), self.random.choice([0, 1, 1, 3, 17]))
        if choice < 0.8:
            return self.random.randrange(-5, 10)
        if choice < 0.97:
            return self.random.choice([*NUMBERS[:9], 0.5, 1.5])
        return self.random.choice([*NUMBERS, *STRINGS, None, True, False, [], {}, [1, 2], {"a": "b"}, float("inf")])

    def text(self, payload: Any) -> str:
        """Return JSON text, sometimes not quite."""
        draw = self.random
        text = json.dumps(payload, ensure_ascii=draw.random() < 0.7, indent=draw.choice([None, None, None, 1]))
        if draw.random() < 0.03:
            text = draw.choice(["\ufeff", " ", "\n", "x", "["]) + text
        if draw.random() < 0.03:
            text += draw.choice([" ", "]", "}", ",", "x", "\n\n", "[]"])
        return text

    def csv(self) -> str:
        """Return CSV text, sometimes odd."""
        draw = self.random
        names = self.names if draw.random() < 0.8 else draw.sample(self.names, len(self.names))
        lines = []
        if draw.random() < 0.6:
            header = [f" {name}" if draw.random() < 0.1 else name for name in names]
            if draw.random() < 0.1:
                header.append(draw.choice(["more", names[0], "", "1"]))
            lines.append(header)
        for _ in range(draw.choice([0, 1, 1, 2, 4])):
            lines.append([self.csv_cell() for _ in range(len(lines[0]) if lines else len(names))])
            if draw.random() < 0.05:
                lines[-1].append("1")
        between = draw.choice(["\n", "\r\n", "\r", "\n\n"])
        text = between.join(",".join(self.quote(cell) for cell in line) for line in lines)
        return text + draw.choice(
            ["", between, "\n", '"', ' "x'][:2] if draw.random() < 0.9 else ["", '"', '"x', "\r\r\n"]
        )

    def csv_cell(self) -> str:
        if self.random.random() < 0.85:
            return str(self.cell())
        return self.random.choice(NUMBER_TEXTS + STRINGS)

    def quote(self, cell: str) -> str:
        if self.random.random() < 0.15:
            return '"' + cell.replace('"', self.random.choice(['""', '""', '"'])) + '"'
        return cell

    def mutate(self, data: bytes) -> bytes:
        """Change, remove or repeat some bytes."""
        made = bytearray(data)
        for _ in range(self.random.choice([1, 1, 2, 5])):
            place = self.random.randrange(len(made) + 1)
            choice = self.random.random()
            if choice < 0.3:
                del made[place : place + self.random.choice([1, 1, 2, 10])]
            elif choice < 0.6:
                made[place:place] = self.random.choice(
                    [
                        b"\x00",
                        b"\xff",
                        b"\\u",
                        b"\\ud800",
                        b'"',
                        b",",
                        b"]",
                        b"{",
                        b"9",
                        b"e",
                        b"\xc3",
                        b"NaN",
                        b"\x1f",
                        b"-Infinity",
                        b"\xed\xa0\x80",
                    ]
                )
            elif choice < 0.8 and place < len(made):
                made[place] ^= 1 << self.random.randrange(8)
            else:
                made[place:place] = made[place : place + 5]
        return bytes(made)
