"""Where `nnplay` and `python -m nnplay` begin: what is imported from here on is safe, and so is Ctrl+C."""

import _signal  # type: ignore[import-not-found]  # built into Python, as `signal` is not
import sys

# Ctrl+C simply ends the process until `CtrlC` is there.
if _signal.getsignal(_signal.SIGINT) is _signal.default_int_handler:
    _signal.signal(_signal.SIGINT, _signal.SIG_DFL)

from nnplay.system import import_path


def main() -> int:
    """Runs the command of this process; returns its exit status."""
    import_path.forget_first()
    weak = import_path.clean()
    from nnplay.system import product_threads
    from nnplay.system.ctrl_c import INTERRUPTED, CtrlC

    product_threads.keep_to_one()

    with CtrlC():
        try:
            from nnplay import cli
            from nnplay.text import clean

            for folder in weak:
                cli.warn(f"nothing is imported from {clean(folder)}, which others may write to")
            return cli.main()
        except KeyboardInterrupt:
            return INTERRUPTED


if __name__ == "__main__":
    sys.exit(main())
