"""The command's package is no part of the distribution: it runs from its folder."""

from __future__ import annotations

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[3] / "demo" / "clusters" / "local"))
