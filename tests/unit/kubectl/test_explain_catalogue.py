"""The sentences that a person sees, for every reason that explain knows."""

from __future__ import annotations

from collections.abc import Mapping

import msgspec
import pytest
from dra_core.planning import ClusterSnapshot
from dra_core.snapshot.device_class import OpaqueDeviceConfiguration
from dra_core.snapshot.json_value import JsonObject
from dra_core.snapshot.pod import Pod
from dra_core.snapshot.resource_claim import DeviceClaimConfiguration, ResourceClaim
from dra_core.snapshot.resource_slice import ResourceSlice
from dra_kubectl.explain_text import explanation_text

from tests.property.planning.clusters import (
    DRIVER,
    FAILING,
    GPU_CLASS,
    SELECTORS,
    allocated_claim,
    device,
    running_pod,
    selector,
    slice_of,
)
from tests.unit.planning.test_explain import cluster, explained, node, request
from tests.unit.planning.test_neighbours import NODES, away, near, pod, ports, spread, term

OF_TEMPLATE = "ResourceClaimTemplate default/wanted: spec.spec.devices"


def configured(driver: str, parameters: JsonObject) -> ClusterSnapshot:
    opaque = OpaqueDeviceConfiguration(driver=driver, parameters=parameters)
    return cluster(request(), config=(DeviceClaimConfiguration(opaque=opaque),))


def of_slices(edit: Mapping[str, int]) -> tuple[ResourceSlice, ...]:
    """The first node's slice, with other fields of its pool."""
    first, *_ = cluster(request()).slices
    pool = msgspec.structs.replace(first.spec.pool, **edit)
    return (msgspec.structs.replace(first, spec=msgspec.structs.replace(first.spec, pool=pool)),)


def held(*devices: str, deleted: bool = False) -> ResourceClaim:
    claim = allocated_claim("mine", "node-1", devices, "train")
    if not deleted:
        return claim
    finalizers = ("resource.kubernetes.io/delete-protection",)
    metadata = msgspec.structs.replace(claim.metadata, deletion_timestamp="2026-01-01T00:00:00Z", finalizers=finalizers)
    return msgspec.structs.replace(claim, metadata=metadata)


def with_claim(claim: ResourceClaim, user: str = "train", count: int = 1) -> ClusterSnapshot:
    pods = (running_pod(user, "node-1", "mine", "1"),)
    return msgspec.structs.replace(cluster(request(count=count)), claims=(claim,), pods=pods)


def other_driver_on(name: str) -> tuple[ResourceSlice, ...]:
    part = slice_of(name, (device("nic-0", "N", "1Gi", False),))
    return (msgspec.structs.replace(part, spec=msgspec.structs.replace(part.spec, driver="nic.example.com")),)


TWELVE = msgspec.structs.replace(
    cluster(request(selectors=(selector("device.attributes['gpu.example.com'].driverVersion == '9'"),))),
    nodes=tuple(node(f"node-{i}") for i in range(12)),
    slices=tuple(slice_of(f"node-{i}", (device("gpu-0", "A", "40Gi", False),)) for i in range(12)),
)
NO_CLASS = 'DeviceClass "gpu.example.co" does not exist (did you mean "gpu.example.com"?) [ClassMissing]'

CATALOGUE: Mapping[str, tuple[ClusterSnapshot, tuple[str, ...]]] = {
    "class missing": (
        cluster(request(device_class_name="gpu.example.co")),
        (
            f"  {OF_TEMPLATE}.requests[0].exactly.deviceClassName: {NO_CLASS}",
            "  use class gpu.example.com instead of gpu.example.co in request gpu-0: node-1 fits",
        ),
    ),
    "template missing": (
        msgspec.structs.replace(cluster(request()), templates=()),
        (
            "default/p can go nowhere: spec.resourceClaims[0].resourceClaimTemplateName: "
            'ResourceClaimTemplate "wanted" does not exist in namespace default (create it)',
        ),
    ),
    "expression that does not compile": (
        cluster(request(selectors=(selector("device.driver =="),))),
        (
            f"  {OF_TEMPLATE}.requests[0].exactly.selectors[0].cel.expression: the expression does not compile: "
            "Syntax error: mismatched input '<EOF>' (character 17) "
            "(see the CEL reference of Kubernetes for what may be used on a device) [ExpressionNotCompiling]",
        ),
    ),
    "expression of a class that does not compile": (
        msgspec.structs.replace(
            cluster(request()),
            classes=(
                msgspec.structs.replace(
                    GPU_CLASS, spec=msgspec.structs.replace(GPU_CLASS.spec, selectors=(selector("device.name == 'x'"),))
                ),
            ),
        ),
        (
            "  DeviceClass gpu.example.com: spec.selectors[0].cel.expression: the expression does not compile: "
            "undefined field 'name' (character 7) "
            "(see the CEL reference of Kubernetes for what may be used on a device) [ExpressionNotCompiling]",
        ),
    ),
    "expression that fails on a device": (
        cluster(request(selectors=(selector(FAILING),))),
        (
            "default/p can go nowhere, an error stops it on every node: claim default/p-gpu: selector #0 on device "
            "gpu.example.com/node-1/gpu-0: CEL runtime error: no such key: absent. consider using CEL optional "
            "chaining (.? followed by orValue()) or guarding the check with has() for optional fields; "
            "drop the selector on absent of request gpu-0: node-1 fits",
        ),
    ),
    "configuration that the driver would refuse": (
        configured(
            DRIVER,
            {
                "apiVersion": "gpu.resource.example.com/v1alpha1",
                "kind": "GpuConfig",
                "sharing": {"strategy": "TimeSlice"},
            },
        ),
        (
            f"  {OF_TEMPLATE}.config[0].opaque.parameters.sharing.strategy: unknown GPU sharing strategy: "
            '"TimeSlice" is not one of TimeSlicing, SpacePartitioning (use one of these) [UnknownStrategy]',
        ),
    ),
    "incomplete pool": (
        msgspec.structs.replace(cluster(request()), slices=of_slices({"resource_slice_count": 2, "generation": 3})),
        (
            "default/p fits on none of 2 nodes: request gpu-0 wants 1 device on a node: there are none; "
            "pool gpu.example.com/node-1: 1 of 2 slices of generation 3 are published",
            "  pool gpu.example.com/node-1: 1 of 2 slices of generation 3 are published (none of its devices can be "
            "allocated until all are; is the driver being updated, or stuck?) [PoolIncomplete]",
        ),
    ),
    "no driver on any node": (
        msgspec.structs.replace(cluster(request()), slices=()),
        (
            "default/p fits on none of 2 nodes: request gpu-0 wants 1 device on a node: there are none; "
            "2 nodes: no driver publishes devices there: node-1, node-2",
        ),
    ),
    "the class's driver missing on a node": (
        msgspec.structs.replace(
            cluster(request(count=3)), slices=(*cluster(request()).slices[:1], *other_driver_on("node-2"))
        ),
        (
            "  node node-2: driver gpu.example.com publishes no devices there, but 1 pool elsewhere "
            "(if they have its devices, is the driver's DaemonSet running on them?) [DriverMissingOnNode]",
        ),
    ),
    "claim stuck in deallocation": (
        with_claim(held("gpu-0", "gpu-1", deleted=True)),
        (
            "  claim default/mine: it is being deleted since 2026-01-01T00:00:00Z and holds node-1/gpu-0, "
            "node-1/gpu-1; finalizers: resource.kubernetes.io/delete-protection; reserved for train (its devices are "
            "free once the pods that use it are gone and the node has unprepared it) [ClaimStuckInDeletion]",
        ),
    ),
    "claim reserved for a pod that is gone": (
        with_claim(held("gpu-0", "gpu-1"), user="other"),
        (
            "  claim default/mine: it holds node-1/gpu-0, node-1/gpu-1 for pods that do not exist: train (is "
            "kube-controller-manager running? It takes reservations of pods that are gone back) "
            "[ClaimReservedForNobody]",
        ),
    ),
    "held by another pod": (
        with_claim(held("gpu-0", "gpu-1"), count=2),
        (
            "  wait for, or end, default/mine (pod train): node-1 fits",
            "      nearest: node-1/gpu-0: allocated to default/mine (pod train)",
        ),
    ),
    "a selector too many": (
        TWELVE,
        ("  drop the selector on driverVersion of request gpu-0: 12 nodes fit",),
    ),
    "a taint to tolerate": (
        cluster(request(selectors=(selector(SELECTORS[1]), selector(SELECTORS[2])))),
        (
            "  tolerate unhealthy=true:NoSchedule in request gpu-0: node-2 fits",
            "      nearest: node-2/gpu-0: taint unhealthy=true:NoSchedule is not tolerated",
        ),
    ),
}


@pytest.mark.parametrize("name", CATALOGUE)
def test_what_a_person_reads(name: str) -> None:
    snapshot, sentences = CATALOGUE[name]
    lines = explanation_text(explained(snapshot), details=False).splitlines()
    assert [sentence for sentence in sentences if sentence not in lines] == [], "\n".join(lines)
    assert lines[0].startswith("default/p ")


def test_parameters_of_other_drivers_are_mentioned_only_where_details_are_asked_for() -> None:
    found = explained(configured("nic.other.org", {"kind": "Bond"}))
    assert "not checked" not in explanation_text(found, details=False)
    assert explanation_text(found, details=True).splitlines()[-2:] == [
        "Not checked:",
        f"  {OF_TEMPLATE}.config[0].opaque.parameters: not checked: only driver nic.other.org knows what they may say",
    ]


def among(placed: Mapping[str, Pod]) -> ClusterSnapshot:
    """The nodes of the neighbours' tests, with a pod on each of some."""
    running = (
        msgspec.structs.replace(pod, spec=msgspec.structs.replace(pod.spec, node_name=name))
        for name, pod in placed.items()
    )
    return ClusterSnapshot(nodes=tuple(NODES.values()), pods=tuple(running))


@pytest.mark.parametrize(
    ("new", "placed", "sentences"),
    [
        (
            pod("x", topologySpreadConstraints=[spread(minDomains=4)]),
            {name: pod(f"web-{name}") for name in ("n1", "n3", "n4")},
            (
                "  drop the topology spread constraint over zone: 5 nodes fit",
                "  1 node (bare): it has no label zone, over which the pod is to be spread",
            ),
        ),
        (
            ports("x", {"hostPort": 80}),
            {name: ports(f"web-{name}", {"hostPort": 80}) for name in NODES},
            (
                "  wait for, or end, pod team/web-n1: n1 fits",
                "  5 nodes (bare, n1, n2, n3, n4): e.g. host port 80/TCP is taken by pod team/web-bare",
            ),
        ),
        (
            pod("x", affinity=away(term("db", "host"))),
            {name: pod(f"db-{name}", "db") for name in NODES},
            (
                "  drop the required anti-affinity to pods in the same host: 5 nodes fit",
                "  5 nodes (bare, n1, n2, n3, n4): e.g. pod team/db-bare, which it wants to be away from, is in the "
                "same host",
            ),
        ),
        (
            pod("x"),
            {name: pod(f"db-{name}", "db", affinity=away(term("web", "host"))) for name in NODES},
            (
                "  wait for, or end, pod team/db-bare: bare fits",
                "  5 nodes (bare, n1, n2, n3, n4): e.g. pod team/db-bare wants pods like this one away from its host",
            ),
        ),
        (
            pod("x", affinity=near(term("cache"))),
            {"n1": pod("db", "db")},
            (
                "  drop the required affinity to pods in the same zone: 5 nodes fit",
                "  5 nodes (bare, n1, n2, n3, n4): no pod that it wants to be with is in the same zone",
            ),
        ),
    ],
)
def test_what_a_person_reads_about_other_pods(new: Pod, placed: Mapping[str, Pod], sentences: tuple[str, ...]) -> None:
    lines = explanation_text(explained(among(placed), new), details=False).splitlines()
    assert [sentence for sentence in sentences if sentence not in lines] == [], "\n".join(lines)
