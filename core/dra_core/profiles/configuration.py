"""From an opaque configuration of a claim or class to what it means: for admission and for preparation alike."""

from __future__ import annotations

import msgspec
from returns.result import Failure, Result

from dra_core.profiles.profile import Configure, Profile
from dra_core.refusal import Refusals
from dra_core.sharing.precedence import ConfigurationEntry


def read_entry(profile: Profile, entry: ConfigurationEntry) -> Result[Configure, Refusals]:
    """What the entry's parameters mean; or all their faults, where they were written, and of whoever wrote them."""
    read = profile.read_configuration(entry.parameters)
    if not isinstance(read, Failure):
        return read
    wrong: Refusals = read.failure()
    return Failure(tuple(msgspec.structs.replace(each, fault=entry.fault).below(entry.path) for each in wrong))
