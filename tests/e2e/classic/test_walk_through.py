"""The way of demo/examples-classic/README.md: install, look, run the four demos, look again, delete, uninstall."""

from __future__ import annotations

import os
import re
import subprocess
from functools import partial

from dra_core.snapshot.json_value import JsonObject, list_at, object_at, text_at
from local_cluster.driver import NAMESPACE, RELEASE, REPOSITORY

from tests.e2e.classic.world import CLASS, DRIVER, LEASE, ClassicWorld
from tests.e2e.objects import collection
from tests.e2e.world import eventually

EXAMPLES = [str(REPOSITORY / "demo/examples-classic" / f"gpu-test{number}.yaml") for number in range(1, 5)]
FILES = [argument for path in EXAMPLES for argument in ("-f", path)]
NAMESPACES = [f"gpu-test{number}" for number in range(1, 5)]
CONTAINERS = 7
"""In six pods."""

LOGS = r"""
for example in $(seq 1 4); do
  echo "gpu-test${example}:"
  for pod in $(kubectl get pod -n gpu-test${example} --output=jsonpath='{.items[*].metadata.name}'); do
    for ctr in $(kubectl get pod -n gpu-test${example} ${pod} -o jsonpath='{.spec.containers[*].name}'); do
      echo "${pod} ${ctr}:"
      kubectl logs -n gpu-test${example} ${pod} -c ${ctr} | grep -E 'DRA_RESOURCE_DRIVER_NAME|GPU_DEVICE'
    done
  done
  echo ""
done
"""


def _shell(world: ClassicWorld, script: str) -> str:
    """What a person's shell prints, kubectl being the cluster's own."""
    environment = {
        **os.environ,
        "KUBECONFIG": str(world.layout.kubeconfig),
        "PATH": f"{world.layout.programs}:{os.environ['PATH']}",
        "HOME": str(world.layout.root / "kubectl"),
    }
    done = subprocess.run(["bash", "-ec", script], env=environment, capture_output=True, text=True)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def _printed(world: ClassicWorld) -> str:
    """What the loop prints in two looks alike, once all containers have written.

    A container that runs need not have written yet; then ``grep`` finds nothing, which is no failure of the loop.
    """
    found = [""]

    def complete() -> bool:
        before, found[0] = found[0], _shell(world, f"set +e{LOGS}")
        return found[0].count("GPU_DEVICE_0=") == CONTAINERS and found[0] == before

    eventually("all containers have written", complete)
    return found[0]


def _told(printed: str) -> dict[tuple[str, str, str], dict[str, str]]:
    """Variables by namespace, pod and container, from what the loop prints."""
    told: dict[tuple[str, str, str], dict[str, str]] = {}
    namespace, where = "", ("", "", "")
    for line in printed.splitlines():
        if found := re.fullmatch(r"(gpu-test\d):", line):
            namespace = found[1]
        elif found := re.fullmatch(r"(pod\d) (ctr\d):", line):
            where = (namespace, found[1], found[2])
            told[where] = {}
        elif found := re.fullmatch(r"(?:declare -x|export) (\w+)=['\"](.*)['\"]", line):
            told[where][found[1]] = found[2]
    return told


def _running(world: ClassicWorld) -> bool:
    pods = [pod for name in NAMESPACES for pod in world.listed(collection("Pod", name))]
    return len(pods) == 6 and {text_at(pod, "status", "phase") for pod in pods} == {"Running"}


def _is_gone(world: ClassicWorld, path: str) -> bool:
    return not world.api.exists(path)


def _names(world: ClassicWorld, path: str) -> list[str]:
    return [text_at(each, "metadata", "name") for each in world.listed(path)]


def _described(world: ClassicWorld) -> str:
    return world.kubectl("describe", "-n", NAMESPACE, f"nas/{world.layout.node_name}")


def test_controller_and_plugin_run(world: ClassicWorld) -> None:
    rows: list[list[str]] = []

    def run() -> bool:
        """Also pods of a version before have come to their end."""
        rows[:] = [line.split() for line in world.kubectl("get", "pod", "-n", NAMESPACE, "--no-headers").splitlines()]
        return [row[1:3] for row in rows] == [["1/1", "Running"]] * 2

    eventually("two pods that run", run)
    controller, plugin = sorted(row[0] for row in rows)
    assert controller.startswith(f"{RELEASE}-controller-")
    assert plugin.startswith(f"{RELEASE}-kubeletplugin-")


def test_the_nodes_state_shows_its_devices(world: ClassicWorld, unused: JsonObject) -> None:
    described = _described(world)
    uuids = re.findall(r"^ +Uuid: +(GPU-[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12})$", described, re.MULTILINE)
    assert len(set(uuids)) == 8
    assert [text_at(device, "gpu", "uuid") for device in list_at(unused, "allocatableDevices")] == uuids
    assert len(re.findall(r"^ +Product Name: +LATEST-GPU-MODEL$", described, re.MULTILINE)) == 8
    assert "Allocatable Devices:" in described
    assert "Prepared Claims" not in described
    eventually("a plugin that is ready", world.is_up)
    header, row = (line.split() for line in world.kubectl("get", "nas", "-n", NAMESPACE).splitlines())
    assert header[:-1] == ["NAME", "DEVICES", "ALLOCATED", "PREPARED", "UNHEALTHY", "STATUS"]
    assert row[:-1] == [world.layout.node_name, "8", "0", "0", "0", "Ready"]


def test_the_four_demos_share_as_they_should_and_leave_nothing_behind(world: ClassicWorld, unused: JsonObject) -> None:
    try:
        for name in NAMESPACES:
            world.make_namespace(name)
        world.kubectl_until_done("apply", *FILES)
        eventually("all pods run", lambda: _running(world))
        _assert_that_they_share(world, unused)
    finally:
        world.kubectl_until_done("delete", "--wait=false", "--ignore-not-found", *FILES)
    eventually("the state as at first", lambda: world.node_spec() == unused)
    eventually("the end of the claims", lambda: not world.listed(f"{world.resource}/resourceclaims"))
    eventually("the end of the contexts", lambda: not world.listed(f"{world.resource}/podschedulingcontexts"))
    assert "Prepared Claims" not in _described(world)
    for name in NAMESPACES:
        eventually(f"the end of {name}", partial(_is_gone, world, f"/api/v1/namespaces/{name}"))


def _assert_that_they_share(world: ClassicWorld, unused: JsonObject) -> None:
    """Containers, pods and the node's state tell the same: who shares, who has one of its own, and nobody two."""
    told = _told(_printed(world))
    assert len(told) == CONTAINERS
    assert {each["DRA_RESOURCE_DRIVER_NAME"] for each in told.values()} == {DRIVER}
    gpus = {where: [each[key] for key in sorted(each) if key.startswith("GPU_DEVICE_")] for where, each in told.items()}
    first, second = gpus["gpu-test1", "pod0", "ctr0"], gpus["gpu-test1", "pod1", "ctr0"]
    containers = gpus["gpu-test2", "pod0", "ctr0"]
    pods = gpus["gpu-test3", "pod0", "ctr0"]
    four = gpus["gpu-test4", "pod0", "ctr0"]
    assert gpus["gpu-test2", "pod0", "ctr1"] == containers
    assert gpus["gpu-test3", "pod1", "ctr0"] == pods
    assert [len(each) for each in (first, second, containers, pods, four)] == [1, 1, 1, 1, 4]
    given = [*first, *second, *containers, *pods, *four]
    assert sorted(given) == sorted(text_at(each, "gpu", "uuid") for each in list_at(unused, "allocatableDevices"))

    wanted = {uid: sorted(uuids) for uid, uuids in world.devices_of("allocatedClaims").items()}
    assert sorted(uuid for uuids in wanted.values() for uuid in uuids) == sorted(given)

    def prepared() -> bool:
        return {uid: sorted(uuids) for uid, uuids in world.devices_of("preparedClaims").items()} == wanted

    eventually("the state tells what is prepared", prepared)
    described = _described(world).partition("Prepared Claims:")[2]
    assert all(f"{uid}:" in described for uid in wanted)
    assert sorted(re.findall(r"^ +Uuid: +(GPU-\S+)$", described, re.MULTILINE)) == sorted(given)


def test_uninstalled_driver_leaves_the_nodes_states_only(world: ClassicWorld) -> None:
    """They belong to their nodes, and go with them or with the driver's namespace."""
    world.uninstall()
    try:
        eventually("the end of the controller", lambda: not world.controllers())
        assert world.node_spec()
        for kind in ("configmaps", "services", "serviceaccounts", "pods", "secrets"):
            assert not [name for name in _names(world, f"/api/v1/namespaces/{NAMESPACE}/{kind}") if RELEASE in name]
        for kind in ("roles", "rolebindings"):
            assert not world.listed(f"/apis/rbac.authorization.k8s.io/v1/namespaces/{NAMESPACE}/{kind}")
        labelled = f"labelSelector=app.kubernetes.io/instance={RELEASE}"
        for kind in ("clusterroles", "clusterrolebindings"):
            assert not world.listed(f"/apis/rbac.authorization.k8s.io/v1/{kind}?{labelled}")
        for kind in ("validatingadmissionpolicies", "validatingadmissionpolicybindings"):
            assert not world.listed(f"/apis/admissionregistration.k8s.io/v1/{kind}?{labelled}")
        assert CLASS not in _names(world, collection("ResourceClass"))
        assert LEASE not in _names(world, collection("Lease", NAMESPACE))
        assert not world.cdi_files()
        assert not list(world.layout.registrar_directory.iterdir())
    finally:
        world.install()
    assert not object_at(world.node_spec(), "preparedClaims")
