"""Opens mutated and random pickles, and notes whether one of them ran something.

    python -m tests.fuzz.pickles SEED START COUNT

Each batch is opened in a confined copy of this process, so that a library that crashes on broken bytes ends that copy only.
Prints one line of JSON: how many were opened, refused, executed, and how many were in a batch that crashed.
"""

from __future__ import annotations

import json
import random
import sys
import tempfile
from collections import Counter
from pathlib import Path

from iris_model.project.compilation.confined import Confined, Died

BATCH = 1000
OPCODES = (b"R", b"\x81", b"\x92", b"b", b"t", b"\x85", b"\x86", b"e", b"s", b"u", b"0", b"2", b"\x94")


def main() -> None:
    """Run the batches."""
    seed, first, count = map(int, sys.argv[1:])
    totals: Counter[str] = Counter()
    for start in range(first, first + count, BATCH):
        size = min(BATCH, first + count - start)
        batch = Confined(lambda start=start, size=size: open_batch(seed, start, size))
        try:
            totals += Counter(json.loads(batch.wait()))
        except Died:
            totals["crashed"] += size
        finally:
            batch.end()
    print(json.dumps(totals))


def open_batch(seed: int, start: int, count: int) -> bytes:
    """Open the pickles of this seed from number `start` on."""
    from iris_model.errors import IrisModelError
    from tests.readers.test_bypasses import refuse

    choose = random.Random(f"{seed} {start}")
    samples = make_samples()
    path = Path(tempfile.gettempdir()) / "model.pkl"
    found: Counter[str] = Counter()
    for _ in range(count):
        data = mutate(choose, samples) if choose.random() < 0.7 else write_random(choose)
        try:
            _, refused, seen = refuse(data, path)
        except IrisModelError:
            refused, seen = True, []
        found["refused" if refused else "opened"] += 1
        found["executed"] += bool(seen)
    return json.dumps(found).encode()


def make_samples() -> list[bytes]:
    """Models as users save them, and hostile pickles."""
    import io
    import pickle

    import joblib
    import numpy as np
    from sklearn.ensemble import HistGradientBoostingClassifier, RandomForestClassifier
    from sklearn.linear_model import LogisticRegression
    from sklearn.neighbors import KNeighborsClassifier
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import StandardScaler

    from tests.support.hostile_pickles import every_pickle

    X = np.random.RandomState(0).normal(size=(40, 3))
    y = X[:, 0] > 0
    models = [
        make_pipeline(StandardScaler(), LogisticRegression()),
        RandomForestClassifier(2, max_depth=3, random_state=0),
        HistGradientBoostingClassifier(max_iter=2),
        KNeighborsClassifier(algorithm="kd_tree"),
    ]
    samples = []
    for model in models:
        model.fit(X, y)
        samples += [pickle.dumps(model, protocol) for protocol in (0, 2, 4, 5)]
        buffer = io.BytesIO()
        joblib.dump(model, buffer)
        samples.append(buffer.getvalue())
    return samples + [data for _, data in list(every_pickle())[::50]]


def mutate(choose: random.Random, samples: list[bytes]) -> bytes:
    """One sample with a few bytes changed, cut out, doubled, or taken from another."""
    data = bytearray(choose.choice(samples))
    for _ in range(choose.randint(1, 8)):
        at, size = choose.randrange(len(data) + 1), choose.randint(1, 24)
        kind = choose.randrange(4)
        if kind == 0:
            data[at : at + 1] = bytes([choose.randrange(256)])
        elif kind == 1:
            del data[at : at + size]
        elif kind == 2:
            data[at:at] = data[at : at + size]
        else:
            other = choose.choice(samples)
            start = choose.randrange(len(other))
            data[at : at + size] = other[start : start + size]
    return bytes(data)


def write_random(choose: random.Random) -> bytes:
    """A random program of names that are trusted, values and opcodes."""
    from tests.support.hostile_pickles import PAYLOADS, found, plain, short

    names = [("sklearn.linear_model._base", "LinearRegression"), ("sklearn.pipeline", "Pipeline"), ("numpy", "dtype")]
    names += [("numpy", "ndarray"), ("numpy._core.multiarray", "_reconstruct"), ("numpy._core.multiarray", "scalar")]
    names += [("functools", "partial"), ("copyreg", "_reconstructor"), ("builtins", "object"), ("builtins", "getattr")]
    names += [("sklearn.tree._tree", "Tree"), ("sklearn.neighbors._kd_tree", "newObj"), ("numpy", "log1p")]
    names += [("joblib.numpy_pickle", "NumpyArrayWrapper"), ("scipy.stats._distn_infrastructure", "rv_frozen")]
    parts = [b"\x80\x04"]
    for _ in range(choose.randint(2, 40)):
        kind = choose.randrange(4)
        if kind == 0:
            parts.append(found(*choose.choice(names)))
        elif kind == 1:
            parts.append(
                choose.choice([b")", b"}", b"]", b"N", b"(", b"K\x01", b"\x88", short("f8"), short("a"), plain((0,))])
            )
        elif kind == 2:
            parts.append(
                choose.choice(
                    [b"R", b"\x81", b"\x92", b"b", b"t", b"\x85", b"\x86", b"e", b"s", b"u", b"0", b"2", b"\x94"]
                )
            )
        else:
            module, name, arguments = choose.choice(PAYLOADS)
            parts.append(found(module, name) + plain(arguments)) if choose.random() < 0.05 else parts.append(b"h\x00")
    return b"".join([*parts, b"."])


if __name__ == "__main__":
    main()
