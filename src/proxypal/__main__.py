"""`python -m proxypal`."""

import sys

from proxypal.cli import main

if __name__ == "__main__":
    sys.exit(main())
