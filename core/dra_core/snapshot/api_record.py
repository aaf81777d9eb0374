"""What all records of API objects have in common: frozen, named as in the API, absent fields at a default.

Records are trees: the garbage collector, which looks for circles, need not look at them (``gc=False``).
"""

from __future__ import annotations

from typing import Annotated, TypeAlias

import msgspec

Int64: TypeAlias = Annotated[int, msgspec.Meta(ge=-(2**63), le=2**63 - 1)]
"""A whole number as the API has it; a larger one is refused."""


class ApiRecord(msgspec.Struct, frozen=True, rename="camel", omit_defaults=True, forbid_unknown_fields=True, gc=False):
    """A record of an object that is ours to know in full: an unknown field is reported, never dropped."""


class PartialApiRecord(msgspec.Struct, frozen=True, rename="camel", omit_defaults=True, gc=False):
    """A record of the part that we need of somebody else's object, such as a Node."""
