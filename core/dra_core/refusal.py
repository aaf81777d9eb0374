"""What the core answers when something cannot be done: a value that a person can act on.

Expected failure is never an exception. A use case returns ``returns.result.Result[T, Refusals]``; a refusal says under
a stable code whose fault it is, where, what was seen there, and what to do. All problems of an object come at once.
"""

from __future__ import annotations

import enum
from typing import TypeAlias

import msgspec


class Fault(enum.Enum):
    """Who can put it right."""

    USER = "user"  # whoever wrote the pod, the claim or the template
    ADMINISTRATOR = "administrator"  # whoever runs the cluster: classes, permissions, labels, versions
    DRIVER = "driver"  # the driver's author or its installation
    ENVIRONMENT = "environment"  # disk, network, kubelet, API server


class Refusal(msgspec.Struct, frozen=True, kw_only=True):
    """One reason why not.

    Attributes:
        code: Stable identifier in CamelCase, e.g. ``ClaimNotAllocated``; part of the public interface, never reworded.
        fault: Who can put it right.
        path: Where: a field path such as ``spec.devices.config[0].opaque.parameters.sharing``; "" for the whole.
        seen: What was found there, in the words of a person.
        hint: What to do about it; "" if nothing is known.
    """

    code: str
    fault: Fault
    path: str = ""
    seen: str
    hint: str = ""

    @property
    def sentence(self) -> str:
        """``path: seen (hint)``: one line for an event or a log."""
        where = f"{self.path}: " if self.path else ""
        advice = f" ({self.hint})" if self.hint else ""
        return f"{where}{self.seen}{advice}"

    def below(self, prefix: str) -> Refusal:
        """The same refusal as seen from an outer object whose field ``prefix`` holds the inner one."""
        return msgspec.structs.replace(self, path=join(prefix, self.path))


Refusals: TypeAlias = tuple[Refusal, ...]


def join(prefix: str, path: str) -> str:
    """Put two field paths together: ``a`` and ``b`` → ``a.b``; ``a`` and ``[0]`` → ``a[0]``."""
    if not prefix or not path:
        return prefix or path
    return f"{prefix}{path}" if path.startswith("[") else f"{prefix}.{path}"


def sentences(refusals: Refusals) -> str:
    """All refusals in one line, for places that take one text (a gRPC error, an event)."""
    return "; ".join(refusal.sentence for refusal in refusals)
