"""Random bodies of requests: tables in every protocol, most of them sound, some with one odd thing in them."""

from __future__ import annotations

import json
import random
import struct
from typing import Any

ODD_NUMBERS = (
    "-0 0 -0.0 1e5 1E+5 1e-400 -1e-400 1e400 -1e999 5e-324 1.7976931348623157e308 1.7976931348623159e308 3.4028235677973366e38 "
    "123456789012345 1234567890123456 9007199254740993 9223372036854775808 1e15 0.1 00 01 1. .5 +1 1e 1e+ - 0x1 1_0 NaN Infinity "
    "-Infinity nan null true false 12345678901234567890123456789012345678901234567890 0.1000000000000000055511151231257827 "
    '"1" "text" "\\ud800" [] {} [1] {"a":1} 4.35 2.2250738585072011e-308 0e0 0E-0 -0e5'
).split()
SPACES = ("", "", "", "", " ", "\n", "\r\n\t", "  ", "\u00a0", "\ufeff")
CUTS = ("[", "]", "{", "}", ",", ":", '"', "\\", "\x00", "\u2028", "NaN", " ", "\ud800", "é")


class Documents:
    """Makes bodies for a model with these columns."""

    def __init__(self, names: list[str], seed: int) -> None:
        self._names = names
        self._random = random.Random(seed)

    def body(self) -> tuple[str, str]:
        """Return (content type, body)."""
        source = self._random
        count = source.choice([0, 1, 1, 2, 3, 5, 70]) if source.random() < 0.9 else source.randrange(200)
        if source.random() < 0.2:
            return "text/csv", self._spoil(self._csv(count))
        return "application/json", self._spoil(self._json(count))

    def _number(self) -> str:
        source = self._random
        chance = source.random()
        if chance < 0.004:
            return source.choice(ODD_NUMBERS)
        if chance < 0.6:
            return repr(round(source.uniform(-10, 10), source.randrange(6)))
        if chance < 0.7:
            return str(source.randrange(-1000, 1000))
        if chance < 0.95:
            return repr(source.gauss(0, 1))
        value = struct.unpack("<d", source.randbytes(8))[0]
        return repr(value) if value - value == 0 else "7.5"

    def _space(self) -> str:
        return self._random.choice(SPACES[:8]) if self._random.random() < 0.05 else ""

    def _list(self, cells: list[str]) -> str:
        space = self._space
        return f"[{space()}{f'{space()},{space()}'.join(cells)}{space()}]{space()}"

    def _object(self, names: list[str], cells: list[str]) -> str:
        quote = (
            (lambda name: json.dumps(name, ensure_ascii=self._random.random() < 0.5)) if self._random else json.dumps
        )
        return (
            "{"
            + ",".join(f"{self._space()}{quote(name)}:{self._space()}{cell}" for name, cell in zip(names, cells))
            + "}"
        )

    def _row(self, width: int) -> list[str]:
        return [self._number() for _ in range(width)]

    def _some_names(self) -> list[str]:
        source, names = self._random, list(self._names)
        if source.random() < 0.3:
            source.shuffle(names)
        if source.random() < 0.03:
            names.insert(source.randrange(len(names) + 1), source.choice(["more", "x", names[0], "instances"]))
        if source.random() < 0.03:
            names.pop()
        return names

    def _rows(self, count: int, width: int) -> str:
        rows = [self._list(self._row(width)) for _ in range(count)]
        if rows and self._random.random() < 0.02:
            rows[self._random.randrange(count)] = self._list(self._row(width + 1))
        return self._list(rows)

    def _records(self, count: int) -> str:
        names, records = self._some_names(), []
        for _ in range(count):
            if self._random.random() < 0.01:
                names = self._some_names()
            records.append(self._object(names, self._row(len(names))))
        return self._list(records)

    def _json(self, count: int) -> str:
        source, names = self._random, self._names
        width = len(names) + (source.random() < 0.02)
        kind = source.randrange(10)
        if kind == 0:
            return self._list(self._row(width))
        if kind == 1:
            return self._rows(count, width)
        if kind == 2:
            return self._records(count)
        if kind == 3:
            return self._object(names, self._row(len(names)))
        if kind == 4:
            rows = self._records(count) if source.random() < 0.5 else self._rows(count, width)
            more = source.choice(["", "", ',"signature_name":"serving_default"', ',"id":[1,2,3,4]', ',"instances":1'])
            return f'{{"{source.choice(["instances", "inputs", "dataframe_records"])}":{rows}{more}}}'
        if kind == 5:
            columns = self._some_names()
            wanted: Any = source.choice([columns, columns, None, list(range(len(names))), list(range(len(names) + 1))])
            index = self._list([str(place) for place in range(count)]) if source.random() < 0.5 else "[]"
            data = self._rows(count, len(columns))
            parts = [f'"columns":{json.dumps(wanted)}', f'"index":{index}', f'"data":{data}']
            source.shuffle(parts)
            return f'{{"dataframe_split":{{{",".join(parts)}}}}}'
        if kind == 6:
            columns = self._some_names()
            lists = [self._list(self._row(count)) for _ in columns]
            return f'{{"inputs":{self._object(columns, lists)}}}'
        return self._tensors(count, width)

    def _tensors(self, count: int, width: int) -> str:
        source = self._random
        ends = [
            "",
            "",
            ',"id":"42"',
            ',"id":7,"outputs":[{"name":"predict"}]',
            ',"parameters":{"a":[1,2,3,4]}',
            ',"id":[1,2,3]',
        ]
        kind = source.choice(["FP64", "FP32", "INT64", "BYTES", "FP65"] if source.random() < 0.1 else ["FP64"])
        if source.random() < 0.5:
            data = self._rows(count, width) if source.random() < 0.5 else self._list(self._row(count * width))
            shape = [count + (source.random() < 0.02), width]
            tensors = [f'{{"name":"x","shape":{shape},"datatype":"{kind}","data":{data}}}']
        else:
            tensors = []
            for name in self._some_names():
                shape = [count] if source.random() < 0.7 else [count, 1]
                data = self._list(self._row(count))
                tensors.append(f'{{"name":{json.dumps(name)},"shape":{shape},"datatype":"{kind}","data":{data}}}')
        return f'{{"inputs":{self._list(tensors)}{source.choice(ends)}}}'

    def _csv(self, count: int) -> str:
        source = self._random
        names = self._some_names()
        header = source.random() < 0.6
        width = len(names) if header else len(self._names)
        end = source.choice(["\n", "\n", "\r\n", "\r"])
        lines = [",".join(names)] if header else []
        for _ in range(count):
            cells = [cell if source.random() > 0.003 else "" for cell in self._row(width)]
            space = source.choice(["", "", "", " ", "\t", "\x0b"]) if source.random() < 0.05 else ""
            lines.append(f"{space},".join(cells) + space)
            if source.random() < 0.02:
                lines.append(source.choice(["", " ", '""', '"1"']))
        return end.join(lines) + source.choice(["", end])

    def _spoil(self, text: str) -> str:
        """Mostly the text; else with something cut out of it or put into it."""
        source = self._random
        if source.random() < 0.8 or not text:
            return text
        at = source.randrange(len(text))
        kind = source.randrange(4)
        if kind == 0:
            return text[:at]
        if kind == 1:
            return text[:at] + text[at + source.randrange(1, 5) :]
        if kind == 2:
            return text[:at] + source.choice(CUTS) + text[at:]
        return source.choice(SPACES) + text + source.choice((*SPACES, "x", "]", "[1,2,3]"))
