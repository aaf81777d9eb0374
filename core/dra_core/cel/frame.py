"""What one evaluation works on: the device, local variables, and the cost so far."""

from __future__ import annotations

from typing import TYPE_CHECKING

from dra_core.cel.environment import COST_LIMIT
from dra_core.cel.values import EvaluationError, Value

if TYPE_CHECKING:
    from dra_core.cel.steps import Pending


class AbortedError(Exception):
    """The evaluation ends as a whole; unlike other failures nothing absorbs it."""

    @property
    def text(self) -> str:
        """What cel-go's ``Error()`` says."""
        return str(self.args[0])


COST_EXCEEDED = "operation cancelled: actual cost limit exceeded"


class Frame:
    """The state of one evaluation.

    Attributes:
        device: The variable ``device``.
        slots: Local variables by number. One that was not read yet may hold what computes it; one whose value could
            not be computed holds the failure, which is raised where the variable is read.
        cost: In CEL's units (cel-go, interpreter/runtimecost.go).
        limit: What the cost must not pass.
    """

    __slots__ = ("cost", "device", "limit", "slots")

    def __init__(self, device: dict[Value, Value], size: int, limit: int = COST_LIMIT) -> None:
        self.device = device
        self.slots: list[Value | EvaluationError | Pending] = [None] * size
        self.cost = 0
        self.limit = limit

    def charge(self, cost: int) -> None:
        """Add to the cost."""
        self.cost += cost
        if self.cost > self.limit:
            raise AbortedError(COST_EXCEEDED)
