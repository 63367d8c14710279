"""Ctrl-C before `main`: imported first, so that an import that is interrupted prints no traceback.

Until `main` takes over, SIGINT ends the program silently. Nothing has been written by then. This applies only to the
program itself, not to an importing one.
"""

from __future__ import annotations

import _thread
import signal
import sys
import time
from pathlib import Path


def end_quietly() -> None:
    """Let SIGINT end this program, if it is `iris-model` or `python -m iris_model.cli`."""
    # `python -m` is called so while it looks for the module.
    is_program = sys.argv[:1] == ["-m"] or Path(sys.argv[0] if sys.argv else "").stem == "iris-model"
    if is_program and signal.getsignal(signal.SIGINT) is signal.default_int_handler:
        signal.signal(signal.SIGINT, signal.SIG_DFL)


def take_over() -> None:
    """From here on, Ctrl-C is a KeyboardInterrupt."""
    if signal.getsignal(signal.SIGINT) is signal.SIG_DFL:
        signal.signal(signal.SIGINT, signal.default_int_handler)
        sys.unraisablehook = _interrupt_again


def _interrupt_again(lost: sys.UnraisableHookArgs) -> None:
    """Raise an interrupt once more that came where nothing can be raised: in a callback of an import, or a destructor."""
    if lost.exc_type is not KeyboardInterrupt:
        sys.__unraisablehook__(lost)
        return

    def interrupt() -> None:
        time.sleep(0.01)  # until the callback is over
        _thread.interrupt_main()

    _thread.start_new_thread(interrupt, ())


end_quietly()
