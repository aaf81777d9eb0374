"""What stands on this machine for a node's paths, a pod's volumes and a container's ports."""

from __future__ import annotations

from pathlib import Path

from dra_core.snapshot.json_value import Json, JsonObject
from dra_sandbox.kubelet.container_start import Surroundings, launch_of, spec_files
from dra_sandbox.kubelet.directories import NodeDirectories
from dra_sandbox.kubelet.environment import Sources
from dra_sandbox.kubelet.ports import free_ports, named_ports
from dra_sandbox.kubelet.service_account import wants_access
from dra_sandbox.kubelet.volumes import make_volumes, mounts_of, volume_files, volume_places
from dra_sandbox.world.objects import world_of
from returns.result import Failure, Success

NODE = NodeDirectories(Path("/n"))


def pod(*volumes: Json, **container: Json) -> JsonObject:
    return {
        "metadata": {"name": "p", "namespace": "ns", "uid": "u"},
        "spec": {"volumes": list(volumes), "containers": [{"name": "c", **container}]},
    }


def test_well_known_paths_have_short_names_and_others_are_kept_apart() -> None:
    assert NODE.of_host("/var/lib/kubelet/plugins_registry") == NODE.registry
    assert NODE.of_host("/var/lib/kubelet/plugins") == NODE.plugins
    assert NODE.of_host("/var/run/cdi") == NODE.of_host("/run/cdi") == NODE.cdi[1]
    assert NODE.of_host("/etc/cdi/x.json") == NODE.cdi[0] / "x.json"
    assert NODE.of_host("/var/lib/other") == Path("/n/host/var/lib/other")


def test_a_socket_with_a_pods_uid_in_its_name_fits_into_107_bytes() -> None:
    root = NodeDirectories(Path("/tmp/dra-abcdefgh/50"))
    assert len(bytes(root.registry / f"gpu.example.com-{'0' * 36}-reg.sock")) <= 107
    assert len(bytes(root.plugins / "gpu.example.com" / f"dra-{'0' * 36}.sock")) <= 107


def test_volumes_are_the_nodes_paths_or_the_pods_own() -> None:
    host: JsonObject = {"name": "cdi", "hostPath": {"path": "/var/run/cdi"}}
    value = pod(host, {"name": "scratch", "emptyDir": {}})
    places = volume_places(value, NODE)
    assert places == {"cdi": Path("/n/cdi"), "scratch": Path("/n/kubelet/pods/u/volumes/scratch")}
    mounts: list[Json] = [{"name": "cdi", "mountPath": "/cdi", "subPath": "a"}, {"name": "unknown", "mountPath": "/x"}]
    assert mounts_of({"volumeMounts": mounts}, places) == {"/cdi": "/n/cdi/a"}


def test_files_of_config_maps_and_secrets_are_written_as_asked(tmp_path: Path) -> None:
    items: list[Json] = [{"key": "a", "path": "dir/a.txt"}]
    value = pod(
        {"name": "all", "configMap": {"name": "m"}},
        {"name": "some", "secret": {"secretName": "s", "items": items}},
        {"name": "maybe", "configMap": {"name": "none", "optional": True}},
    )
    sources = Sources(config_maps={"m": {"a": "1", "b": "2"}}, secrets={"s": {"a": "3", "b": "4"}})
    files = volume_files(value, sources).unwrap()
    assert files == {"all": {"a": "1", "b": "2"}, "some": {"dir/a.txt": "3"}, "maybe": {}}
    places = volume_places(value, NodeDirectories(tmp_path))
    assert make_volumes(value, places, files) == Success(None)
    assert (places["some"] / "dir" / "a.txt").read_text() == "3"
    assert places["maybe"].is_dir()


def test_every_volume_that_lacks_its_source_is_named() -> None:
    value = pod({"name": "x", "configMap": {"name": "m"}}, {"name": "y", "secret": {"secretName": "s"}})
    match volume_files(value, Sources()):
        case Failure(text):
            assert 'volume "x": configmap "m" not found' in str(text)
            assert 'volume "y": secret "s" not found' in str(text)
        case _:
            raise AssertionError("nothing was missing")


def test_a_host_path_that_must_be_there_is_not_made(tmp_path: Path) -> None:
    value = pod({"name": "x", "hostPath": {"path": "/dev/gpu", "type": "Directory"}})
    node = NodeDirectories(tmp_path)
    assert isinstance(make_volumes(value, volume_places(value, node), {}), Failure)
    made = pod({"name": "x", "hostPath": {"path": "/dev/gpu", "type": "DirectoryOrCreate"}})
    assert make_volumes(made, volume_places(made, node), {}) == Success(None)
    assert (tmp_path / "host" / "dev" / "gpu").is_dir()


def test_declared_and_probed_ports_get_free_ones() -> None:
    value = pod(
        ports=[{"containerPort": 8080}],
        livenessProbe={"grpc": {"port": 51515}},
        readinessProbe={"httpGet": {"port": "metrics"}},
    )
    assert named_ports(value) == {8080, 51515}
    ports = free_ports(named_ports(value))
    assert set(ports) == {8080, 51515}
    assert len(set(ports.values())) == 2


def test_nobody_gets_a_pods_port_by_asking_for_any() -> None:
    """Between the choice and the container's start."""
    first, last = map(int, Path("/proc/sys/net/ipv4/ip_local_port_range").read_text().split())
    ports = free_ports(frozenset(range(100)))
    assert [port for port in ports.values() if first <= port <= last] == []


def test_a_pod_says_itself_whether_it_gets_a_token_or_its_account_does() -> None:
    off: JsonObject = {"automountServiceAccountToken": False}
    assert wants_access({"spec": {}}, None)
    assert not wants_access({"spec": {}}, off)
    assert wants_access({"spec": {"automountServiceAccountToken": True}}, off)
    assert not wants_access({"spec": off}, None)


def test_a_containers_paths_and_ports_are_redirected_wherever_they_are_named(tmp_path: Path) -> None:
    container: JsonObject = {
        "name": "c",
        "image": "docker.io/drakit/dra-example-driver:v1",
        "command": ["dra-kubeletplugin"],
        "args": ["--metrics-port=8080", "--cdi-root", "/data/cdi"],
        "env": [{"name": "PORT", "value": "8080"}],
    }
    surroundings = Surroundings(env={"HOSTNAME": "p"}, mounts={"c": {"/data": "/m"}}, ports={8080: 40000})
    launch = launch_of(pod(), container, world_of(), {}, NodeDirectories(tmp_path), surroundings).unwrap()
    assert launch.argv[1:] == ("-m", "dra_kubeletplugin", "--metrics-port=40000", "--cdi-root", "/m/cdi")
    assert launch.env["PORT"] == "40000"
    assert launch.env["HOSTNAME"] == "p"
    assert launch.env["CDI_ROOT"] == str(tmp_path / "cdi"), "also where the manifest leaves it to the image"


def test_cdi_files_are_read_in_rising_priority_and_broken_ones_are_reported(tmp_path: Path) -> None:
    low, high = tmp_path / "low", tmp_path / "high"
    for directory in (low, high):
        directory.mkdir()
    (low / "a.json").write_text("{")
    (high / "b.yaml").write_text("kind: vendor.com/class")
    (high / "c.txt").write_text("not a spec")
    broken, read = spec_files((low, high))
    assert broken.priority == 0
    assert broken.unreadable
    assert (read.priority, read.content) == (1, {"kind": "vendor.com/class"})
