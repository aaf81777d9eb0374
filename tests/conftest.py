"""How Hypothesis searches: as fast as the machine allows, without limits on the time of one case."""

from __future__ import annotations

import os

from hypothesis import HealthCheck, settings

# A loaded machine makes any single case slow; pytest's own time-out catches what hangs. A change is judged by the same
# cases at every run (CI is set); searching for new ones is for a developer's machine and for the nightly run.
settings.register_profile(
    "default",
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow],
    derandomize="CI" in os.environ,
)
settings.register_profile("nightly", settings.get_profile("default"), max_examples=1000, derandomize=False)
settings.load_profile(os.environ.get("HYPOTHESIS_PROFILE", "default"))
