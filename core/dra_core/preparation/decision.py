"""What prepare, unprepare and restore answer."""

from __future__ import annotations

from collections.abc import Mapping

import msgspec
from returns.result import Failure, Result, Success

from dra_core.preparation.effects import (
    Effect,
    EffectFailure,
    RemoveCdiSpec,
    SaveCheckpoint,
    SetAsideCheckpoint,
    WriteCdiSpec,
)
from dra_core.preparation.state import Checkpoint, PreparedDevice
from dra_core.refusal import Fault, Refusal, Refusals


class ClaimReference(msgspec.Struct, frozen=True, kw_only=True):
    """A claim as the kubelet names it."""

    uid: str
    namespace: str
    name: str


class Preparation(msgspec.Struct, frozen=True, kw_only=True):
    """The answer to NodePrepareResources, valid once all effects are carried out.

    Attributes:
        checkpoint: What the checkpoint holds then.
        effects: In this order; stop at the first failure and answer ``after_failure``.
        answers: For every claim UID that was asked for: its devices, or all reasons why not.
    """

    checkpoint: Checkpoint
    effects: tuple[Effect, ...]
    answers: Mapping[str, Result[tuple[PreparedDevice, ...], Refusals]]

    def after_failure(self, failure: EffectFailure) -> Mapping[str, Result[tuple[PreparedDevice, ...], Refusals]]:
        """What to answer if an effect failed: nothing that was granted can be promised. The next call converges."""
        refused: Result[tuple[PreparedDevice, ...], Refusals] = Failure((refusal_of(failure),))
        return {uid: refused if isinstance(answer, Success) else answer for uid, answer in self.answers.items()}


class Unpreparation(msgspec.Struct, frozen=True, kw_only=True):
    """The answer to NodeUnprepareResources, valid once all effects are carried out.

    Attributes:
        checkpoint: What the checkpoint holds then.
        effects: In this order; stop at the first failure and answer ``after_failure``.
        answers: For every claim UID that was asked for: the reasons why it is not unprepared; none: it is.
    """

    checkpoint: Checkpoint
    effects: tuple[Effect, ...]
    answers: Mapping[str, Refusals]

    def after_failure(self, failure: EffectFailure) -> Mapping[str, Refusals]:
        """What to answer if an effect failed; the kubelet tries again."""
        return {uid: answer or (refusal_of(failure),) for uid, answer in self.answers.items()}


class Restoration(msgspec.Struct, frozen=True, kw_only=True):
    """What to do at start, before the first call is served.

    Attributes:
        checkpoint: What the checkpoint holds then.
        effects: In this order; stop at the first failure.
        notes: What an administrator should know, e.g. that the checkpoint is damaged; for the log.
    """

    checkpoint: Checkpoint
    effects: tuple[Effect, ...]
    notes: Refusals


def refusal_of(failure: EffectFailure) -> Refusal:
    """A failed effect, in the words of a person."""
    code, seen = _code_and_words(failure.effect)
    return Refusal(
        code=code,
        fault=Fault.ENVIRONMENT,
        seen=f"{seen}: {failure.why}",
        hint="look at the node's disk; the kubelet tries again",
    )


def _code_and_words(effect: Effect) -> tuple[str, str]:
    match effect:
        case WriteCdiSpec(file_name=file_name):
            return "CdiFileNotWritten", f"the CDI file {file_name} could not be written"
        case RemoveCdiSpec(file_name=file_name):
            return "CdiFileNotRemoved", f"the CDI file {file_name} could not be removed"
        case SaveCheckpoint():
            return "CheckpointNotSaved", "the checkpoint could not be saved"
        case SetAsideCheckpoint(suffix=suffix):
            return "CheckpointNotSetAside", f"the damaged checkpoint could not be copied aside (.{suffix})"
