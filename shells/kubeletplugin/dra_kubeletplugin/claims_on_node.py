"""Prepare, unprepare and restore: read the world, let the core decide, carry out its effects in order."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import Executor
from typing import Protocol, TypeAlias

from dra_core.cdi.file_names import file_prefix
from dra_core.preparation import (
    ClaimRead,
    ClaimReference,
    DriverOnNode,
    EffectFailure,
    PreparedClaims,
    PreparedDevice,
    Restoration,
    prepare,
    read_checkpoint,
    restore,
    unprepare,
)
from dra_core.refusal import Fault, Refusal, Refusals
from returns.result import Failure, Result

from dra_kubeletplugin.node_disk import NodeDisk
from dra_kubeletplugin.serialize_lock import LockNotAcquiredError, SerializeLock

PrepareAnswers: TypeAlias = Mapping[str, Result[tuple[PreparedDevice, ...], Refusals]]
UnprepareAnswers: TypeAlias = Mapping[str, Refusals]

ReadClaim: TypeAlias = Callable[[str, str], ClaimRead]
"""From namespace and name to what the API server says now; never raises."""

OTHERS_SECONDS = 60.0
"""How long to wait for a call that is in progress, perhaps an old instance's, where no kubelet waits with us."""


class Caller(Protocol):
    """Who waits for an answer."""

    def gone(self) -> bool:
        """Whether nobody waits any more."""
        ...

    def seconds_left(self) -> float:
        """How long the lock may be waited for, so that the caller still hears the answer."""
        ...


class CallerGoneError(Exception):
    """Nobody waits for the answer any more, so nothing was done: whatever comes next finds the node unchanged."""


class ClaimsOnNode:
    """What is prepared on this node. Nothing is kept in memory between calls: an other instance may act in between."""

    def __init__(
        self, driver: DriverOnNode, disk: NodeDisk, lock: SerializeLock, read_claim: ReadClaim, executor: Executor
    ) -> None:
        self._driver = driver
        self._disk = disk
        self._lock = lock
        self._read_claim = read_claim
        self._executor = executor

    def prepare(self, requests: Sequence[ClaimReference], caller: Caller) -> PrepareAnswers:
        """NodePrepareResources: every UID asked for is answered. Raises CallerGoneError."""
        if not requests:
            return {}
        # Read before the lock is taken: a slow API server holds up nobody else. Who still waits then (see below) still
        # reserves the claim, so that its allocation cannot have changed meanwhile.
        claims = self._read_claims(requests)
        try:
            with self._lock.held(caller.seconds_left()):
                if caller.gone():
                    raise CallerGoneError
                checkpoint = read_checkpoint(self._disk.read_checkpoint())
                decision = prepare(self._driver, checkpoint, self._disk.cdi_file_names(), requests, claims)
                failure = self._disk.carry_out(decision.effects)
                return decision.answers if failure is None else decision.after_failure(failure)
        except (OSError, LockNotAcquiredError) as error:
            refused: Result[tuple[PreparedDevice, ...], Refusals] = Failure((_not_begun(error),))
            return {request.uid: refused for request in requests}

    def unprepare(self, requests: Sequence[ClaimReference], caller: Caller) -> UnprepareAnswers:
        """NodeUnprepareResources: every UID asked for is answered, no refusals: done. Raises CallerGoneError."""
        try:
            with self._lock.held(caller.seconds_left()):
                if caller.gone():
                    raise CallerGoneError
                return self._unprepared(requests)
        except (OSError, LockNotAcquiredError) as error:
            return {request.uid: (_not_begun(error),) for request in requests}

    def unprepare_if(self, claim: ClaimReference, still: Callable[[], bool]) -> Refusals | None:
        """Unprepare what no kubelet asks to, if ``still`` says so while no prepare can run.

        Returns:
            None if it was not to be, or is not now; else the reasons why it is not unprepared, none: it is.
        """
        try:
            with self._lock.held(OTHERS_SECONDS):
                if not still():
                    return None
                return self._unprepared([claim])[claim.uid]
        except (OSError, LockNotAcquiredError) as error:
            return (_not_begun(error),)

    def restore(self) -> tuple[Restoration, EffectFailure | None]:
        """Put the CDI directory right, before the first call is served.

        Raises:
            OSError: The checkpoint or the CDI directory cannot be read.
            LockNotAcquiredError: An other instance is in a call that does not end.
        """
        prefix = file_prefix(self._driver.driver_name, self._driver.profile.name)
        with self._lock.held(OTHERS_SECONDS):
            self._disk.remove_leftovers(prefix)
            checkpoint = read_checkpoint(self._disk.read_checkpoint())
            restoration = restore(self._driver, checkpoint, self._disk.cdi_files(prefix))
            return restoration, self._disk.carry_out(restoration.effects)

    def prepared(self) -> Mapping[str, ClaimReference]:
        """The claims that are prepared, by UID, as far as the checkpoint tells."""
        try:
            checkpoint = read_checkpoint(self._disk.read_checkpoint())
        except OSError:
            return {}
        claims = checkpoint.claims.items() if isinstance(checkpoint, PreparedClaims) else ()
        return {uid: ClaimReference(uid=uid, namespace=claim.namespace, name=claim.name) for uid, claim in claims}

    def prepared_count(self) -> int:
        """How many claims are prepared, as far as the checkpoint tells."""
        return len(self.prepared())

    def _unprepared(self, requests: Sequence[ClaimReference]) -> UnprepareAnswers:
        """Unprepare; the lock is held."""
        checkpoint = read_checkpoint(self._disk.read_checkpoint())
        decision = unprepare(self._driver, checkpoint, self._disk.cdi_file_names(), requests)
        failure = self._disk.carry_out(decision.effects)
        return decision.answers if failure is None else decision.after_failure(failure)

    def _read_claims(self, requests: Sequence[ClaimReference]) -> Mapping[str, ClaimRead]:
        if len(requests) == 1:
            return {requests[0].uid: self._read_claim(requests[0].namespace, requests[0].name)}
        reads = self._executor.map(lambda request: self._read_claim(request.namespace, request.name), requests)
        return {request.uid: read for request, read in zip(requests, reads, strict=True)}


def _not_begun(error: Exception) -> Refusal:
    if isinstance(error, LockNotAcquiredError):
        return Refusal(
            code="NodeBusy",
            fault=Fault.ENVIRONMENT,
            seen="another prepare or unprepare, perhaps of another instance of this driver, did not end in time",
            hint="the kubelet tries again",
        )
    return Refusal(
        code="NodeDiskUnreadable",
        fault=Fault.ENVIRONMENT,
        seen=f"the driver's state on the node could not be read: {error}",
        hint="look at the node's disk; the kubelet tries again",
    )
