"""Pickles that would make a directory called MARKER if they were run: known ways to name, to call and to hide something.

`PAYLOADS` are calls with that effect (or that of writing a file of that name); `WAYS` put a call into a pickle; `HIDINGS` put a
pickle into a file. All are written by hand, opcode by opcode, since no pickler writes most of them.
"""

import bz2
import gzip
import io
import lzma
import pickle
import struct
import zlib
from typing import Any

import joblib
import numpy as np
from sklearn.linear_model import LinearRegression

MARKER = "iris_model_marker"
MODEL = LinearRegression().fit([[0.0], [1.0]], [0.0, 1.0])
CODE = f"__import__('os').mkdir('{MARKER}')"
INNER = b"cos\nmkdir\n(S'" + MARKER.encode() + b"'\ntR."

# Calls that other scanners missed, and calls that they know: (module, name, arguments).
PAYLOADS: list[tuple[str, str, tuple[Any, ...]]] = [
    ("os", "mkdir", (MARKER,)),
    ("posix", "mkdir", (MARKER,)),
    ("nt", "mkdir", (MARKER,)),
    ("os", "makedirs", (MARKER,)),
    ("os", "system", (f"mkdir {MARKER}",)),
    ("posix", "system", (f"mkdir {MARKER}",)),
    ("os", "popen", (f"mkdir {MARKER}",)),
    ("os", "spawnlp", (0, "mkdir", "mkdir", MARKER)),
    ("subprocess", "Popen", (["mkdir", MARKER],)),
    ("subprocess", "check_output", (["mkdir", MARKER],)),
    ("subprocess", "getoutput", (f"mkdir {MARKER}",)),
    ("_posixsubprocess", "fork_exec", ()),
    ("builtins", "exec", (CODE,)),
    ("builtins", "eval", (CODE,)),
    ("__builtin__", "eval", (CODE,)),
    ("__builtin__", "execfile", (CODE,)),
    ("builtins", "open", (MARKER, "w")),
    ("io", "open", (MARKER, "w")),
    ("_io", "open", (MARKER, "w")),
    ("_io", "FileIO", (MARKER, "w")),
    ("io", "FileIO", (MARKER, "w")),
    ("codecs", "open", (MARKER, "w")),
    ("pathlib", "Path.touch", (MARKER,)),
    ("pathlib", "PosixPath.mkdir", (MARKER,)),
    ("tempfile", "mkdtemp", ("", MARKER, ".")),
    ("shutil", "copyfile", ("/etc/hostname", MARKER)),
    ("logging", "FileHandler", (MARKER,)),
    ("logging.handlers", "RotatingFileHandler", (MARKER,)),
    ("zipfile", "ZipFile", (MARKER, "w")),
    ("tarfile", "open", (MARKER, "w")),
    ("gzip", "open", (MARKER, "w")),
    ("bz2", "open", (MARKER, "w")),
    ("lzma", "open", (MARKER, "w")),
    ("sqlite3", "connect", (MARKER,)),
    ("dbm.dumb", "open", (MARKER, "n")),
    ("shelve", "open", (MARKER,)),
    ("venv", "create", (MARKER,)),
    ("runpy", "run_path", (MARKER,)),
    ("runpy", "_run_code", (CODE, {})),
    ("timeit", "timeit", (CODE, "pass")),
    ("cProfile", "run", (CODE,)),
    ("profile", "run", (CODE,)),
    ("pdb", "run", (CODE,)),
    ("bdb", "Bdb.run", (CODE,)),
    ("doctest", "debug_script", (CODE,)),
    ("code", "InteractiveInterpreter.runcode", (CODE,)),
    ("ensurepip", "_run_pip", (["--version"],)),
    ("pip", "main", (["--version"],)),
    ("pty", "spawn", (["mkdir", MARKER],)),
    ("distutils.spawn", "spawn", (["mkdir", MARKER],)),
    ("commands", "getoutput", (f"mkdir {MARKER}",)),
    ("asyncio.unix_events", "_UnixSubprocessTransport._start", ()),
    ("multiprocessing.util", "spawnv_passfds", (b"/bin/mkdir", [b"mkdir", MARKER.encode()], [])),
    ("threading", "Thread", (None, None, None, (MARKER,))),
    ("atexit", "register", (MARKER,)),
    ("importlib", "import_module", ("antigravity",)),
    ("builtins", "__import__", ("antigravity",)),
    ("ctypes", "CDLL", ("libc.so.6",)),
    ("pickle", "loads", (INNER,)),
    ("_pickle", "loads", (INNER,)),
    ("dill", "loads", (INNER,)),
    ("cloudpickle", "loads", (INNER,)),
    ("joblib", "load", (MARKER,)),
    ("joblib", "dump", (1, MARKER)),
    ("joblib.numpy_pickle", "load", (MARKER,)),
    ("joblib.memory", "Memory.cache", (MARKER,)),
    ("joblib.externals.loky.backend.popen_loky_posix", "Popen", (MARKER,)),
    ("marshal", "loads", (b"x",)),
    ("operator", "methodcaller", ("mkdir", MARKER)),
    ("operator", "attrgetter", ("system",)),
    ("operator", "itemgetter", ("system",)),
    ("_operator", "attrgetter", ("system",)),
    ("functools", "reduce", (MARKER, [MARKER])),
    ("functools", "partial", (MARKER, MARKER)),
    ("functools", "partial.__call__", (MARKER,)),
    ("itertools", "starmap", (MARKER, [MARKER])),
    ("builtins", "map", (MARKER, [MARKER])),
    ("builtins", "list", ([MARKER],)),
    ("builtins", "getattr", (MARKER, "__class__")),
    ("builtins", "setattr", (MARKER, "a", "b")),
    ("builtins", "vars", ()),
    ("builtins", "globals", ()),
    ("builtins", "type", ("X", (), {})),
    ("types", "FunctionType", (MARKER, {})),
    ("types", "CodeType", (MARKER,)),
    ("copyreg", "add_extension", ("os", "system", 1)),
    ("copyreg", "_reconstructor", (MARKER, MARKER, MARKER)),
    ("site", "addsitedir", (MARKER,)),
    ("sys", "modules.__getitem__", ("os",)),
    ("sys", "settrace", (MARKER,)),
    ("webbrowser", "open", (MARKER,)),
    ("urllib.request", "urlretrieve", ("file:///etc/hostname", MARKER)),
    ("http.client", "HTTPConnection", ("127.0.0.1", 1)),
    ("socket", "create_connection", (("127.0.0.1", 1),)),
    ("smtplib", "SMTP", ("127.0.0.1", 1)),
    ("numpy", "savetxt", (MARKER, [1.0])),
    ("numpy", "save", (MARKER, [1.0])),
    ("numpy", "load", (MARKER, None, True)),
    ("numpy", "fromfile", (MARKER,)),
    ("numpy", "memmap", (MARKER, "f8", "w+", 0, (1,))),
    ("numpy", "vectorize", (MARKER,)),
    ("numpy", "ndarray.tofile", (MARKER, MARKER)),
    ("numpy", "ndarray", ((1,), "O", b"x" * 8)),
    ("numpy", "frombuffer", (b"x" * 8, "O")),
    ("numpy", "array", ([MARKER],)),
    ("numpy.core", "_ufunc_reconstruct", ("os", "system")),
    ("numpy.core.multiarray", "fromfile", (MARKER,)),
    ("numpy.testing._private.utils", "runstring", (CODE, {})),
    ("numpy.testing", "runstring", (CODE, {})),
    ("numpy.f2py.crackfortran", "myeval", (CODE,)),
    ("numpy.f2py.crackfortran", "param_eval", (CODE, {}, {})),
    ("numpy.f2py", "compile", (CODE,)),
    ("numpy.distutils.exec_command", "exec_command", (f"mkdir {MARKER}",)),
    ("numpy.lib.npyio", "NpzFile", (MARKER,)),
    ("numpy.ctypeslib", "load_library", (MARKER, ".")),
    ("scipy._lib._util", "getfullargspec_no_self", (MARKER,)),
    ("scipy.io", "savemat", (MARKER, {})),
    ("pandas", "eval", (CODE,)),
    ("pandas.core.computation.eval", "eval", (CODE,)),
    ("pandas", "read_pickle", (MARKER,)),
    ("pandas.io.common", "get_handle", (MARKER, "w")),
    ("pandas", "DataFrame.to_csv", (MARKER,)),
    ("sklearn.datasets", "dump_svmlight_file", ([[1.0]], [1.0], MARKER)),
    ("sklearn.datasets._base", "_fetch_remote", (MARKER,)),
    ("sklearn.utils._testing", "check_subprocess_response", (MARKER,)),
    ("sklearn.utils", "Bunch.__init__.__globals__", ()),
    ("sklearn.externals._packaging.version", "parse", (MARKER,)),
    ("sklearn.pipeline", "make_pipeline", (MARKER,)),
    ("sklearn.pipeline", "Pipeline", ([MARKER],)),
    ("sklearn.pipeline", "_fit_transform_one", (MARKER, MARKER, MARKER, MARKER)),
    ("sklearn.pipeline", "_transform_one", (MARKER, MARKER, MARKER, MARKER)),
    ("sklearn.utils.metaestimators", "available_if", (MARKER,)),
    ("sklearn.base", "clone", (MARKER,)),
    ("sklearn.metrics._scorer", "_Scorer", (MARKER, 1, {})),
    ("sklearn.metrics._scorer", "_MultimetricScorer", (MARKER,)),
    ("sklearn.ensemble._stacking", "StackingRegressor", ([MARKER],)),
    ("sklearn.compose._column_transformer", "make_column_selector", (MARKER,)),
    ("sklearn.callback._scoring_monitor", "ScoringMonitor", ()),
    ("xgboost.core", "_load_lib", ()),
    ("xgboost.core", "Booster", (None, (), MARKER)),
    ("xgboost.sklearn", "XGBClassifier.load_model", (MARKER,)),
    ("lightgbm.basic", "Booster", (None, None, MARKER)),
    ("lightgbm.basic", "_load_lib", ()),
    ("catboost.core", "CatBoost.save_model", (MARKER,)),
    ("catboost.utils", "convert_to_onnx_object", (MARKER,)),
    ("torch.utils._config_module", "ConfigModule.load_config", (CODE,)),
    ("torch", "load", (MARKER,)),
    ("torch.jit.unsupported_tensor_ops", "execWrapper", (CODE, {}, {})),
    ("idlelib.run", "Executive.runcode", (CODE,)),
    ("idlelib.pyshell", "ModifiedInterpreter.runcode", (CODE,)),
    ("lib2to3.pgen2.grammar", "Grammar.loads", (INNER,)),
    ("lib2to3.pgen2.pgen", "ParserGenerator.make_label", (MARKER,)),
    ("ntpath.os", "system", (f"mkdir {MARKER}",)),
    ("posixpath.os", "mkdir", (MARKER,)),
    ("numpy.os", "mkdir", (MARKER,)),
    ("sklearn.svm._base.sys.modules", "os", ()),
    ("subprocess", "run", (["mkdir", MARKER],)),
    ("_aix_support", "_read_cmd_output", (f"mkdir {MARKER}",)),
    ("_osx_support", "_read_output", (f"mkdir {MARKER}",)),
    ("_pyrepl.pager", "pipe_pager", (MARKER, f"mkdir {MARKER}")),
    ("pydoc", "pipepager", (MARKER, f"mkdir {MARKER}")),
    ("pydoc", "locate", ("antigravity",)),
    ("pkgutil", "resolve_name", ("os:mkdir",)),
    ("uuid", "_get_command_stdout", ("mkdir", MARKER)),
    ("imaplib", "IMAP4_stream", (f"mkdir {MARKER}",)),
    ("ftplib", "FTP", ("127.0.0.1",)),
    ("distutils.file_util", "write_file", (MARKER, [MARKER])),
    ("test.support.script_helper", "assert_python_ok", ("-c", CODE)),
    ("trace", "Trace.run", (MARKER, CODE)),
    ("cProfile", "runctx", (CODE, {}, {})),
    ("_xxsubinterpreters", "create", ()),
    ("idlelib.calltip", "get_entity", (CODE,)),
    ("idlelib.autocomplete", "AutoComplete.get_entity", (MARKER, CODE)),
    ("numpy.f2py.crackfortran", "getlincoef", (CODE, {"x": 1})),
    ("cloudpickle.cloudpickle", "_make_function", (MARKER, {}, "f", (), ())),
    ("torch.storage", "_load_from_bytes", (INNER,)),
    ("torch.utils.collect_env", "run", (f"mkdir {MARKER}",)),
    ("builtins", "eval.__call__", (CODE,)),
    ("pathlib", "os.system", (f"mkdir {MARKER}",)),
    ("__builtin__", "apply", (MARKER, (MARKER,))),
    ("os ", "mkdir", (MARKER,)),
    ("os\u0000", "mkdir", (MARKER,)),
    ("OS", "mkdir", (MARKER,)),
    ("", "mkdir", (MARKER,)),
    (".os", "mkdir", (MARKER,)),
    ("iris_model.errors", "Sequence", ()),
    ("iris_model.project.disk", "os.mkdir", (MARKER,)),
]


def plain(value):
    """The opcodes of a plain value, without PROTO and STOP."""
    buffer = io.BytesIO()
    pickler = pickle._Pickler(buffer, 2)
    pickler.fast = True
    pickler.dump(value)
    return buffer.getvalue()[2:-1]


def short(text):
    data = text.encode()
    return b"\x8c" + bytes([len(data)]) + data


def line(text):
    return text.encode() + b"\n"


def found(module, name):
    return short(module) + short(name) + b"\x93"


def each(arguments):
    return b"".join(map(plain, arguments))


# How a call is written: (module, name, arguments) -> opcodes that leave one object on the stack.
WAYS = {
    "GLOBAL": lambda m, n, a: b"c" + line(m) + line(n) + plain(a) + b"R",
    "INST": lambda m, n, a: b"(" + each(a) + b"i" + line(m) + line(n),
    "OBJ": lambda m, n, a: b"(c" + line(m) + line(n) + each(a) + b"o",
    "OBJ of STACK_GLOBAL": lambda m, n, a: b"(" + found(m, n) + each(a) + b"o",
    "STACK_GLOBAL": lambda m, n, a: found(m, n) + plain(a) + b"R",
    "NEWOBJ": lambda m, n, a: found(m, n) + plain(a) + b"\x81",
    "NEWOBJ_EX": lambda m, n, a: found(m, n) + plain(a) + b"}\x92",
    "names from the memo": lambda m, n, a: short(m) + b"q\x07" + short(n) + b"q\x0800h\x07h\x08\x93" + plain(a) + b"R",
    "MEMOIZE and LONG_BINGET": lambda m, n, a: short(m) + b"\x940" + short(n) + b"\x940j\0\0\0\0j\1\0\0\0\x93" + plain(a) + b"R",
    "PUT and GET of text": lambda m, n, a: short(m) + b"p91\n0" + short(n) + b"p92\n0g91\ng92\n\x93" + plain(a) + b"R",
    "a memo written twice": lambda m, n, a: short("numpy") + b"q\x090" + short(m) + b"q\x090h\x09" + short(n) + b"\x93"
    + plain(a) + b"R",
    "decoys popped": lambda m, n, a: short(m) + short(n) + found("numpy", "ndarray") + b"0\x93" + plain(a) + b"R",
    "decoys in a mark": lambda m, n, a: short(m) + short(n) + b"(" + found("numpy", "dtype") + b"1\x93" + plain(a) + b"R",
    "DUP": lambda m, n, a: found(m, n) + b"2" + plain(a) + b"R0" + plain(a) + b"R",
    "UNICODE names": lambda m, n, a: b"V" + line(m) + b"V" + line(n) + b"\x93" + plain(a) + b"R",
    "STRING names": lambda m, n, a: b"S'" + m.encode() + b"'\nS'" + n.encode() + b"'\n\x93" + plain(a) + b"R",
    "BINUNICODE8 names": lambda m, n, a: b"".join(b"\x8d" + struct.pack("<Q", len(x.encode())) + x.encode() for x in (m, n))
    + b"\x93" + plain(a) + b"R",
    "by copyreg": lambda m, n, a: found("copyreg", "__newobj__") + b"(" + found(m, n) + each(a) + b"tR",
    "a partial called": lambda m, n, a: found("functools", "partial") + found(m, n) + b"\x85R" + plain(a) + b"R",
    "a partial of state": lambda m, n, a: found("functools", "partial") + found("builtins", "str") + b"\x85R(" + found(m, n)
    + plain(a) + b"}Ntb)R",
    "a method by getattr": lambda m, n, a: found("builtins", "getattr") + b"c" + line(m) + line(n) + short("__call__") + b"\x86R"
    + plain(a) + b"R",
    "in a default factory": lambda m, n, a: found("collections", "defaultdict") + found(m, n) + b"\x85R",
    "in a set": lambda m, n, a: b"\x8f(" + found(m, n) + plain(a) + b"R\x90",
    "a state": lambda m, n, a: found("sklearn.linear_model._base", "LinearRegression") + b")\x81}" + short("coef_") + found(m, n)
    + plain(a) + b"Rsb",
    "slots of a class": lambda m, n, a: found("sklearn.base", "BaseEstimator") + b"N}" + short("__setstate__") + found(m, n)
    + b"s\x86b" + found("sklearn.base", "BaseEstimator") + b")\x81" + plain(a[0] if a else 0) + b"b",
    "a step of a pipeline": lambda m, n, a: found("sklearn.pipeline", "Pipeline") + b")\x81}" + short("steps") + b"]("
    + short("s") + found(m, n) + plain(a) + b"R\x86esb",
}  # fmt: skip

MODEL_OPCODES = plain(MODEL)


def in_joblib_array(body):
    buffer = io.BytesIO()
    joblib.dump(np.array([None], dtype=object), buffer)
    data = buffer.getvalue()
    start = data.rindex(b"\x80")  # the pickle in the array
    return data[:start] + b"\x80\x04" + body + b"." + b"."


# How a body (opcodes that leave one object) becomes the bytes of a file.
HIDINGS = {
    "protocol 4": lambda body: b"\x80\x04" + body + b".",
    "no PROTO": lambda body: body + b".",
    "before the model": lambda body: b"\x80\x04" + body + b"0" + MODEL_OPCODES + b".",
    "in a list with the model": lambda body: b"\x80\x04](" + body + MODEL_OPCODES + b"e.",
    "under the model": lambda body: b"\x80\x04(" + body + b"K\x01t0" + MODEL_OPCODES + b".",
    "an invalid opcode follows": lambda body: b"\x80\x04" + body + b"0\xff",
    "it ends without STOP": lambda body: b"\x80\x04" + body,
    "STOP with more on the stack": lambda body: b"\x80\x04" + body + MODEL_OPCODES + b".",
    "a frame": lambda body: b"\x80\x04\x95" + struct.pack("<Q", len(body) + 1) + body + b".",
    "a frame that is too long": lambda body: b"\x80\x04\x95" + struct.pack("<Q", len(body) + 9000) + body + b".",
    "a second pickle follows": lambda body: b"\x80\x04" + body + b"." + pickle.dumps(MODEL),
    "gzip": lambda body: gzip.compress(b"\x80\x04" + body + b"."),
    "zlib": lambda body: zlib.compress(b"\x80\x04" + body + b"."),
    "bz2": lambda body: bz2.compress(b"\x80\x04" + body + b"."),
    "xz": lambda body: lzma.compress(b"\x80\x04" + body + b"."),
    "in an array of joblib": in_joblib_array,
}


def every_pickle():
    """(name, bytes) of each payload in each way, the files taking turns, and of each file with the first payload."""
    hidings = list(HIDINGS.items())
    number = 0
    for payload in PAYLOADS:
        for way, write in WAYS.items():
            number += 1
            hiding, wrap = hidings[number % len(hidings)]
            yield f"{payload[0]}.{payload[1]}, {way}, {hiding}", wrap(write(*payload))
    for way, write in WAYS.items():
        for hiding, wrap in hidings:
            yield f"os.mkdir, {way}, {hiding}", wrap(write(*PAYLOADS[0]))
