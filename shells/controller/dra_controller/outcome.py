"""What came of a write: counted, and told where it matters."""

from __future__ import annotations

from dra_apiserver import Answer, ApiFailure
from dra_logs import Log
from returns.result import Failure

from dra_controller.metrics import Metrics


def failure_of(answer: Answer, kind: str, metrics: Metrics, log: Log, event: str, **told: object) -> ApiFailure | None:
    """Why it failed; None: it did not.

    That the object has changed meanwhile, or is gone, is everyday life, and only for whoever looks for a fault.

    Args:
        answer: Of the API server.
        kind: Of the object, for metrics.
        metrics: Where it is counted.
        log: Where a failure is told.
        event: What a failure means.
        told: Beside it: about what.
    """
    if not isinstance(answer, Failure):
        metrics.written(kind, "success")
        return None
    failed: ApiFailure = answer.failure()
    over = failed.conflict or failed.not_found
    metrics.written(kind, "conflict" if over else "error")
    tell = log.debug if over else log.warning
    tell(event, **told, error=failed.sentence)
    return failed
