"""Describe the names and calls of a pickle that no model needs, and what to do."""

from __future__ import annotations

import re
from collections.abc import Sequence

from iris_model.errors import visible

from .scan import PickleScan
from .trusted import find_refused_globals, is_given

MAKE_AGAIN = (
    "Do not open this file unless you trust its author. If it is yours, save the fitted model again with pickle.dump or "
    "joblib.dump, and pass modules with your own functions and classes to --trust."
)

_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]*(?:\.[A-Za-z_][A-Za-z0-9_]*)*")

# A user who trusts one of these trusts any code, so no hint suggests it.
_NEVER_ADVISED = frozenset(
    """_io asyncio bdb builtins cloudpickle code codecs codeop commands copyreg copy_reg ctypes dill distutils ensurepip
    functools gc imaplib importlib inspect io ipaddress itertools linecache logging marshal multiprocessing nt numpy
    operator os pathlib pdb pickle pip pkgutil platform posix posixpath pty py_compile pydoc runpy shutil site smtplib
    socket sqlite3 ssl subprocess sys tempfile test threading timeit torch trace types urllib venv webbrowser zipfile
    zipimport ? __builtin__""".split()
)


def find_refused(scan: PickleScan, trust: Sequence[str] = ()) -> list[str]:
    """Return the refused names and then the refused calls of a file, each sorted; empty if it may be opened."""
    names = find_refused_globals(scan.globals, trust)
    calls = {problem for name, problem in scan.calls if name not in names and not is_given(name, trust) and name != "?"}
    # The callable may be the result of a refused name.
    unnamed = {problem for name, problem in scan.calls if name == "?" and not names and not trust}
    return [*names, *sorted(calls | unnamed)]


def describe_refused(scan: PickleScan, trust: Sequence[str] = ()) -> str:
    """Return the refused names and calls as one clause: `names a.b, c.d; calls e.f`. Empty if the file may be opened."""
    refused = find_refused(scan, trust)
    names = find_refused_globals(scan.globals, trust)
    said = [*([f"names {', '.join(names)}"] if names else []), *refused[len(names) :]]
    return visible("; ".join(said))


def advise(scan: PickleScan, trust: Sequence[str]) -> str:
    """Return the hint for a refused file."""
    names = find_refused_globals(scan.globals, trust)
    # Users paste a hint into a shell, so it contains only valid Python names.
    advisable = [name for name in names if name.partition(".")[0] not in _NEVER_ADVISED and _NAME.fullmatch(name)]
    if not names or len(advisable) < len(names):
        return MAKE_AGAIN
    return "If you made this file and know these names, trust them: " + " ".join(f"--trust {name}" for name in names)
