"""How Hypothesis searches: as fast as the machine allows, without limits on the time of one case."""

from __future__ import annotations

import os

from hypothesis import settings

# A loaded machine makes any single case slow; pytest's own time-out catches what hangs.
settings.register_profile("default", deadline=None)
settings.register_profile("nightly", deadline=None, max_examples=1000)
settings.load_profile(os.environ.get("HYPOTHESIS_PROFILE", "default"))
