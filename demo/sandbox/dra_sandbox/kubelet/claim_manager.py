"""Has the claims of pods prepared and unprepared by their drivers, and writes down what is held."""

from __future__ import annotations

import contextlib
import logging
import os
import threading
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import TypeAlias

from dra_core.snapshot.json_value import JsonObject
from returns.result import Failure, Result

from dra_sandbox.kubelet.plugins import Plugins
from dra_sandbox.kubelet.prepared_claims import (
    PREPARE,
    UNPREPARE,
    Held,
    HeldClaim,
    answered,
    calls,
    check,
    decode_checkpoint,
    encode_checkpoint,
    entries_of,
    hold,
    last_of_pod,
    let_go,
    of_pod,
    reply_faults,
)
from dra_sandbox.world.api import Api
from dra_sandbox.world.objects import CLAIM, namespace_of, uid_of

Call: TypeAlias = Callable[[str, tuple[HeldClaim, ...]], str]
"""Calls a driver with claims; the fault in words, or ""."""

log = logging.getLogger(__name__)


class ClaimManager:
    """The claims of one node; may be used by several threads. All calls for one claim come one after the other."""

    def __init__(self, api: Api, plugins: Plugins, checkpoint: Path) -> None:
        self._api = api
        self._plugins = plugins
        self._checkpoint = checkpoint
        self._lock = threading.Lock()
        self._busy: set[str] = set()
        self._idle = threading.Condition(self._lock)
        self._held: Held = read_checkpoint(checkpoint)
        self._prepared: set[str] = set()

    def held(self) -> Held:
        """What is held at this moment."""
        with self._lock:
            return self._held

    def is_held(self, pod_uid: str) -> bool:
        """Whether Unprepare has something to undo for the pod."""
        return bool(of_pod(self.held(), pod_uid))

    def pods(self) -> frozenset[str]:
        """UIDs of all pods that hold claims."""
        return frozenset(pod for claim in self.held().values() for pod in claim.pods)

    def prepare(self, pod: JsonObject) -> str:
        """Have all claims of the pod prepared; the fault in words, "" if all went well."""
        with self._alone(frozenset(uid_of(claim) for claim in self._claims_of(pod).values() if claim is not None)):
            claims = self._claims_of(pod)
            with self._lock:
                checked = check(pod, claims, self._held, self._plugins.registered())
                if isinstance(checked, Failure):
                    problem: str = checked.failure()
                    return problem
                wanted: tuple[HeldClaim, ...] = checked.unwrap()
                self._save(hold(self._held, wanted))
                to_do = tuple(claim for claim in wanted if claim.uid not in self._prepared)
            faults = self._each_driver(calls(to_do, PREPARE), self._prepare_by)
            if not faults:
                with self._lock:
                    self._prepared |= {claim.uid for claim in to_do}
            return faults

    def _claims_of(self, pod: JsonObject) -> Mapping[str, JsonObject | None]:
        names = [name for name in entries_of(pod).values() if name]
        return {name: self._api.get(CLAIM, namespace_of(pod), name) for name in names}

    def unprepare(self, pod: JsonObject) -> str:
        """Give the pod's claims back; the fault in words, "" if all went well."""
        uid = uid_of(pod)
        with self._alone(frozenset(claim.uid for claim in of_pod(self.held(), uid))):
            last = last_of_pod(self.held(), uid)
            faults = self._each_driver(calls(last, UNPREPARE), self._unprepare_by)
            if not faults:
                with self._lock:
                    self._save(let_go(self._held, uid))
                    self._prepared -= {claim.uid for claim in last}
            return faults

    def _each_driver(self, wanted: Mapping[str, tuple[HeldClaim, ...]], call: Call) -> str:
        """All drivers at once: one that fails or takes its time keeps no other from its work."""
        if not wanted:
            return ""
        with ThreadPoolExecutor(len(wanted), thread_name_prefix="dra-call") as threads:
            faults = [fault for fault in threads.map(call, wanted.keys(), wanted.values()) if fault]
        return "; ".join(faults)

    def _prepare_by(self, driver: str, claims: tuple[HeldClaim, ...]) -> str:
        client = self._plugins.client(driver)
        if client is None:
            return f"DRA driver {driver} is not registered"
        reply = client.prepare(claims)
        if isinstance(reply, Failure):
            problem: str = reply.failure()
            return problem
        answers = reply.unwrap()
        faults = reply_faults(claims, {uid: answer.error for uid, answer in answers.items()}, PREPARE)
        devices = {uid: answer.devices for uid, answer in answers.items() if not answer.error}
        with self._lock:
            self._save(answered(self._held, driver, devices))
        return faults

    def _unprepare_by(self, driver: str, claims: tuple[HeldClaim, ...]) -> str:
        client = self._plugins.client(driver)
        if client is None:
            return f"DRA driver {driver} is not registered"
        reply = client.unprepare(claims)
        if isinstance(reply, Failure):
            problem: str = reply.failure()
            return problem
        return reply_faults(claims, reply.unwrap(), UNPREPARE)

    @contextlib.contextmanager
    def _alone(self, uids: frozenset[str]) -> Iterator[None]:
        """With no other call for these claims under way."""
        with self._idle:
            self._idle.wait_for(lambda: not self._busy & uids)
            self._busy |= uids
        try:
            yield
        finally:
            with self._idle:
                self._busy -= uids
                self._idle.notify_all()

    def _save(self, held: Held) -> None:
        """Write down before anything is done; the lock is held."""
        temporary = self._checkpoint.with_suffix(".new")
        with temporary.open("wb") as file:
            file.write(encode_checkpoint(held))
            file.flush()
            os.fsync(file.fileno())
        temporary.replace(self._checkpoint)
        self._held = held


def read_checkpoint(path: Path) -> Held:
    """What was held; nothing if the file is not there or cannot be used, which is logged."""
    try:
        content = path.read_bytes()
    except FileNotFoundError:
        return {}
    decoded: Result[Held, str] = decode_checkpoint(content)
    if isinstance(decoded, Failure):
        log.warning("%s: %s", path, decoded.failure())
        return {}
    return decoded.unwrap()
