"""``blueslice exposure`` of a data directory, in a process of its own for timing."""

import sys

from blueslice.cli import main

if __name__ == "__main__":
    sys.exit(main(["exposure", "--json", "--data-dir", sys.argv[1]]))
