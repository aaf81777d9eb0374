"""The plugin ends prepared claims that nobody uses, after a good while, and nothing else."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from dra_apiserver import RESOURCE_CLAIMS
from dra_core.nodestate import PATIENCE_SECONDS
from dra_core.preparation import ClaimFound, ClaimReference, DriverOnNode
from dra_core.profiles import GpuProfile
from dra_core.snapshot.json_value import Json, JsonObject
from dra_kubeletplugin.claims_on_node import ClaimsOnNode
from dra_kubeletplugin.deserted_claims import DesertedClaims
from dra_kubeletplugin.node_disk import NodeDisk
from dra_kubeletplugin.serialize_lock import SerializeLock

from tests.property.claims import DRIVER, NODE, claim, result
from tests.unit.apiserver.scripted_server import Answer, ScriptedServer
from tests.unit.apiserver.test_client import client
from tests.unit.logs.kept import KeptLog

POD: Json = {"resource": "pods", "name": "pod", "uid": "pod-uid"}
REFERENCE = ClaimReference(uid="uid-1", namespace="default", name="claim")
GONE = Answer(status=404, body={"kind": "Status", "reason": "NotFound"})
BUSY = Answer(status=503, body="busy")


class Waiting:
    def gone(self) -> bool:
        return False

    def seconds_left(self) -> float:
        return 10.0


@pytest.fixture
def claims(tmp_path: Path) -> Iterator[ClaimsOnNode]:
    """A node on which one claim is prepared."""
    profile = GpuProfile(count=2)
    driver = DriverOnNode(driver_name=DRIVER, node_name=NODE, profile=profile, pools=profile.enumerate(NODE))
    disk = NodeDisk(checkpoint=tmp_path / "checkpoint.json", cdi_root=tmp_path)
    found = ClaimFound(claim(REFERENCE.uid, [result("gpu-1")]))
    with ThreadPoolExecutor() as executor:
        made = ClaimsOnNode(driver, disk, SerializeLock(tmp_path / "lock"), lambda *_: found, executor)
        made.prepare([REFERENCE], Waiting())
        assert set(made.prepared()) == {REFERENCE.uid}
        yield made


def reserved(uid: str = REFERENCE.uid, *consumers: Json) -> Answer:
    value: Mapping[str, Json] = claim(uid, [result("gpu-1")])
    status: JsonObject = {"reservedFor": list(consumers)}
    return Answer(body={**value, "status": status})


@pytest.mark.parametrize(
    ("answers", "ended"),
    [
        ([GONE, GONE, GONE], True),
        ([reserved(), reserved(), reserved()], True),
        ([reserved("another", POD), reserved("another", POD), reserved("another", POD)], True),
        ([reserved("uid-1", POD), reserved("uid-1", POD)], False),
        ([GONE, reserved("uid-1", POD)], False),
        ([reserved(), reserved(), reserved("uid-1", POD)], False),  # reserved between the look and the end
        ([GONE, BUSY], False),
        ([GONE, GONE, BUSY], False),
    ],
)
def test_10_what_nobody_uses_for_long_is_unprepared(
    claims: ClaimsOnNode, tmp_path: Path, answers: list[Answer], ended: bool
) -> None:
    now = [1000.0]
    log, told = KeptLog(), [0]

    def tell() -> None:
        told[0] += 1

    with ScriptedServer(*answers) as server:
        deserted = DesertedClaims(claims, client(server.url), RESOURCE_CLAIMS, tell, log, lambda: now[0])
        deserted.look()
        assert set(claims.prepared()) == {REFERENCE.uid}, "it has just been seen for the first time"
        now[0] += PATIENCE_SECONDS
        deserted.look()
        assert len(server.seen) == len(answers)
    assert (claims.prepared() == {}) == ended
    assert told[0] == ended
    assert bool([path for path in tmp_path.iterdir() if REFERENCE.uid in path.name]) != ended, "the CDI file"
