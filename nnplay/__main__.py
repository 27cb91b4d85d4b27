"""`python -m nnplay` is the same as `nnplay`."""

import sys

from nnplay.cli import main

if __name__ == "__main__":
    sys.exit(main())
