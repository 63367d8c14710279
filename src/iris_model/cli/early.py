"""Handle Ctrl-C before `main`. Imported first, so that an interrupted import prints no traceback.

Until `main` installs its own handler, SIGINT ends the program silently. Nothing has been written by then. This
applies only to the program itself, not when another program imports the package.
"""

from __future__ import annotations

import _thread
import signal
import sys
import time
from pathlib import Path


def end_quietly() -> None:
    """Let SIGINT end this program, if it is `iris-model` or `python -m iris_model.cli`."""
    # With `python -m`, argv[0] is "-m" while Python searches for the module.
    is_program = sys.argv[:1] == ["-m"] or Path(sys.argv[0] if sys.argv else "").stem == "iris-model"
    if is_program and signal.getsignal(signal.SIGINT) is signal.default_int_handler:
        signal.signal(signal.SIGINT, signal.SIG_DFL)


def take_over() -> None:
    """Raise KeyboardInterrupt on Ctrl-C from now on."""
    if signal.getsignal(signal.SIGINT) is signal.SIG_DFL:
        signal.signal(signal.SIGINT, signal.default_int_handler)
        sys.unraisablehook = _interrupt_again


def _interrupt_again(lost: sys.UnraisableHookArgs) -> None:
    """Send the interrupt again if it was raised where exceptions are ignored: in an import callback or a destructor."""
    if lost.exc_type is not KeyboardInterrupt:
        sys.__unraisablehook__(lost)
        return

    def interrupt() -> None:
        time.sleep(0.01)  # delayed until the callback is over
        _thread.interrupt_main()

    _thread.start_new_thread(interrupt, ())


end_quietly()
