"""Puts `tests/` on the path, so that a test can say `from builders import ...`."""

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent))
