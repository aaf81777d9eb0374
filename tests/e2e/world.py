"""The real cluster as the tests see it: API server, node's disk, the plugin's process."""

from __future__ import annotations

import fcntl
import http.client
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from functools import partial
from pathlib import Path

from dra_core.preparation.checkpoint import read_checkpoint
from dra_core.preparation.state import PreparedClaims
from dra_core.snapshot.json_value import Json, JsonObject, at, list_at, object_at, text_at
from local_cluster.api import ApiError, is_true
from local_cluster.cluster import Cluster
from local_cluster.driver import NAMESPACE, RELEASE, helm, last_words, upgrade
from local_cluster.progress import wait_until

from tests.e2e.kubectl import kubectl
from tests.e2e.node_processes import processes_of
from tests.e2e.objects import DRIVER, LAST_LINE, RESOURCE, collection, path_of

SECOND_RELEASE = SECOND_NAMESPACE = "second"
SECONDS = 120.0
"""Enough for what takes seconds on an idle machine; the kubelet's own back-off reaches 90 s."""


def eventually(what: str, holds: Callable[[], bool], seconds: float = SECONDS) -> None:
    """Wait until it holds; a server that does not answer right now, or says that it cannot, is no answer."""

    def asked() -> bool:
        try:
            return holds()
        except OSError:
            return False
        except ApiError as error:
            # Too many requests, a kubelet or a pod behind the server that is slow, a server that is just starting.
            if error.status != http.client.TOO_MANY_REQUESTS and error.status < http.client.INTERNAL_SERVER_ERROR:
                raise
            return False

    wait_until(what, seconds, asked, 0.1)


class World:
    """Cluster and driver.

    Attributes:
        resource: Path of the group that claims are in, in the version that this cluster's pods use.
    """

    resource = RESOURCE

    def __init__(self, cluster: Cluster, image_tag: str) -> None:
        self.cluster = cluster
        self.image_tag = image_tag
        self.layout = cluster.layout
        self.api = cluster.api()

    # The driver, as an administrator installs it.

    def install(self, *values: str) -> None:
        """Install or upgrade the chart, and wait until it is up."""
        helm(self.cluster, *upgrade(self.cluster, [f"image.tag={self.image_tag}", "image.pullPolicy=Never", *values]))
        eventually("the driver", self.is_up)

    def is_up(self) -> bool:
        """Whether the cluster shows the driver's devices."""
        return self.is_published()

    def start_install(self, *values: str) -> None:
        """Upgrade the chart without waiting for anything."""
        arguments = upgrade(self.cluster, [f"image.tag={self.image_tag}", "image.pullPolicy=Never", *values])
        helm(self.cluster, *(argument for argument in arguments if argument != "--wait"))

    def uninstall(self) -> None:
        """Take the chart away and wait until the driver's pods are gone."""
        helm(self.cluster, "uninstall", RELEASE, "--namespace", NAMESPACE, "--wait")
        eventually("the end of the driver", lambda: not self.plugins() and not self.controllers())

    @contextmanager
    def second_release(self, driver: str, *values: str) -> Iterator[None]:
        """Another release of the chart beside the first, with its own driver, namespace, and class of that name."""
        try:
            self.update_second_release(driver, *values)
            yield
        finally:
            try:
                self._empty_tests_of_pods()
            finally:
                where = ("--namespace", SECOND_NAMESPACE)
                helm(self.cluster, "uninstall", SECOND_RELEASE, *where, "--wait", "--ignore-not-found")
                eventually("the end of the second plugin", lambda: not self.plugins(SECOND_RELEASE))

    def _empty_tests_of_pods(self) -> None:
        """Delete the pods of all tests: those that still had a driver's devices could not end without it."""
        for found in self.listed("/api/v1/namespaces?labelSelector=test=true"):
            self.empty_of_pods(text_at(found, "metadata", "name"))

    def update_second_release(self, driver: str, *values: str) -> None:
        """Install or upgrade it, and wait until there is one plugin and its slice."""
        common = [f"image.tag={self.image_tag}", "image.pullPolicy=Never", f"driverName={driver}"]
        helm(self.cluster, *upgrade(self.cluster, [*common, *values], SECOND_RELEASE, SECOND_NAMESPACE))
        eventually("one second plugin", lambda: len(self.plugins(SECOND_RELEASE)) == 1)
        eventually("the second driver's slices", lambda: self.is_published(driver))

    @contextmanager
    def without_plugin(self) -> Iterator[None]:
        """The DaemonSet finds no node for its pod."""
        path = f"/apis/apps/v1/namespaces/{NAMESPACE}/daemonsets/{RELEASE}-kubeletplugin"
        self.api.merge(path, _node_selector({"nowhere": "true"}))
        try:
            eventually("the end of the plugin", lambda: not self.plugins())
            yield
        finally:
            self.api.merge(path, _node_selector({"nowhere": None}))
            self.wait_for_plugin()

    def plugins(self, release: str = RELEASE) -> list[JsonObject]:
        """Pods of the plugin."""
        return self._pods_of(release, "kubeletplugin")

    def controllers(self, release: str = RELEASE) -> list[JsonObject]:
        """Pods of the controller."""
        return self._pods_of(release, "controller")

    def _pods_of(self, release: str, component: str) -> list[JsonObject]:
        labels = f"app.kubernetes.io/instance={release},app.kubernetes.io/component={component}"
        return self.listed(f"/api/v1/pods?labelSelector={labels}")

    def plugin(self) -> JsonObject:
        """The plugin's one pod."""
        (found,) = self.plugins()
        return found

    def replace_plugin(self) -> None:
        """Delete the plugin's pod and wait for its successor."""
        old = text_at(self.plugin(), "metadata", "uid")
        self.api.delete(path_of({"kind": "Pod", **self.plugin()}))
        self.wait_for_plugin(lambda pod: text_at(pod, "metadata", "uid") != old)

    def wait_for_plugin(self, holds: Callable[[JsonObject], bool] = lambda _: True) -> None:
        """Wait until there is one pod of the plugin, it is Ready, and more holds."""

        def there() -> bool:
            pods = self.plugins()
            return len(pods) == 1 and is_true(pods[0], "Ready") and holds(pods[0])

        eventually("a ready plugin", there)

    def plugin_process(self) -> int:
        """Number of the plugin's process, as the node sees it."""
        return self.process_of(self.plugin())

    def process_of(self, pod: JsonObject) -> int:
        """Number of a pod's only process, as the node sees it."""
        found: list[int] = []

        def there() -> bool:
            found[:] = processes_of(text_at(pod, "metadata", "name"))
            return len(found) == 1

        eventually("the pod's process", there)
        return found[0]

    @property
    def driver_directory(self) -> Path:
        """Where the plugin keeps its state on the node."""
        return self.layout.plugins_directory / DRIVER

    @contextmanager
    def serialize_lock(self) -> Iterator[None]:
        """Hold the lock between instances of the plugin: none of them can prepare or unprepare."""
        with (self.driver_directory / "serialize.lock").open("w") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            yield

    def waits_for_the_lock(self, process: int) -> bool:
        """Whether a process has the lock's file open, as it has during a call only."""
        links = (entry.readlink() for entry in Path(f"/proc/{process}/fd").iterdir())
        return any(link.name == "serialize.lock" for link in links)

    def prepared(self, driver: str = DRIVER) -> frozenset[str]:
        """UIDs of the claims that the plugin has prepared, as its checkpoint says."""
        path = self.layout.plugins_directory / driver / "checkpoint.json"
        checkpoint = read_checkpoint(path.read_bytes() if path.exists() else None)
        assert isinstance(checkpoint, PreparedClaims), checkpoint
        return frozenset(checkpoint.claims)

    def cdi_files(self) -> frozenset[str]:
        """Names of the CDI files of claims."""
        return frozenset(path.name for path in self.layout.cdi_directory.glob("*.json") if "_common" not in path.name)

    def nothing_is_prepared(self) -> bool:
        """Whether neither checkpoint nor CDI files know of a claim."""
        return not self.prepared() and not self.cdi_files()

    @contextmanager
    def cdi_directory_read_only(self) -> Iterator[None]:
        """Nobody may write CDI files; the plugin is root, but without the right to ignore permissions."""
        mode = self.layout.cdi_directory.stat().st_mode
        self.layout.cdi_directory.chmod(0o555)
        try:
            yield
        finally:
            self.layout.cdi_directory.chmod(mode)

    def metrics(self, path: str) -> dict[str, float]:
        """Values by name and labels, from what Prometheus would read there; the API server leads the way."""
        lines = (line.rpartition(" ") for line in self.api.call("GET", path).splitlines() if not line.startswith("#"))
        return {name: float(value) for name, _, value in lines if name}

    def create(self, *objects: JsonObject) -> None:
        """Create objects."""
        for value in objects:
            kind, namespace = text_at(value, "kind"), text_at(value, "metadata", "namespace")
            if kind == "Pod":
                self._wait_for_service_account(namespace)
            self.api.create(self.collection(kind, namespace), value)

    def make_namespace(self, name: str) -> None:
        """Make a namespace that pods can be created in at once: admission waits 1 to 2 s for its ServiceAccount."""
        path = f"/api/v1/namespaces/{name}"
        eventually(f"the end of an earlier {name}", lambda: not self.api.exists(path))
        self.create({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": name}})
        self._wait_for_service_account(name)

    def _wait_for_service_account(self, namespace: str) -> None:
        """Admission of pods wants it, and a controller makes it."""
        account = f"/api/v1/namespaces/{namespace}/serviceaccounts/default"
        eventually("the namespace's ServiceAccount", partial(self.api.exists, account))

    def let_the_scheduler_see(self) -> None:
        """Let it know all that is written by now: a new one lists all kinds before it looks at the first pod.

        Its watches are one for each kind, so a pod may come to it before the slice, class or node that it is about.
        """
        self.cluster.restart("kube-scheduler")

    def collection(self, kind: str, namespace: str = "") -> str:
        """Path of the objects of a kind on this cluster."""
        return collection(kind, namespace, self.resource)

    def delete(self, kind: str, namespace: str, name: str, grace_seconds: int | None = None) -> None:
        """Delete an object, without waiting."""
        self.api.delete(f"{self.collection(kind, namespace)}/{name}", grace_seconds)

    def read(self, kind: str, namespace: str, name: str) -> JsonObject:
        """An object."""
        return self.api.get(f"{self.collection(kind, namespace)}/{name}")

    def listed(self, path: str) -> list[JsonObject]:
        """The items of a list."""
        return [item for item in list_at(self.api.get(path), "items") if isinstance(item, dict)]

    def slices(self, driver: str = DRIVER) -> list[JsonObject]:
        """ResourceSlices of a driver."""
        return self.listed(f"{RESOURCE}/resourceslices?fieldSelector=spec.driver={driver}")

    def is_published(self, driver: str = DRIVER) -> bool:
        """Whether there are as many slices of a driver as they say themselves."""
        slices = self.slices(driver)
        return bool(slices) and {at(found, "spec", "pool", "resourceSliceCount") for found in slices} == {len(slices)}

    def claims(self, namespace: str) -> list[JsonObject]:
        """Claims of a namespace."""
        return self.listed(self.collection("ResourceClaim", namespace))

    def claim_uid(self, namespace: str, name: str) -> str:
        """UID of a claim."""
        return text_at(self.read("ResourceClaim", namespace, name), "metadata", "uid")

    def kubectl(self, *arguments: str) -> str:
        """Run kubectl as a user does; what it printed."""
        return kubectl(self.cluster, *arguments)

    def kubectl_until_done(self, *arguments: str) -> None:
        """The same, again and again until there is an answer; for what may be done twice."""
        eventually(f"an answer to kubectl {arguments[0]}", lambda: self.kubectl(*arguments) is not None)

    def empty(self, namespace: str) -> None:
        """Delete pods and claims of a namespace, wait until they are gone, and then delete the namespace."""
        self.empty_of_pods(namespace)
        self.api.delete(self.collection("ResourceClaim", namespace))
        eventually("the end of the claims", lambda: not self.claims(namespace))
        self.api.delete(f"/api/v1/namespaces/{namespace}")

    def empty_of_pods(self, namespace: str) -> None:
        """Delete the pods of a namespace and wait until they are gone."""
        self.api.delete(collection("Pod", namespace))
        eventually("the end of the pods", lambda: not self.listed(collection("Pod", namespace)))

    # Pods.

    def phase(self, namespace: str, name: str) -> str:
        """A pod's phase; "" if it is gone."""
        try:
            return text_at(self.read("Pod", namespace, name), "status", "phase")
        except ApiError as error:
            if error.status != 404:
                raise
            return ""

    def wait_ready(self, namespace: str, *names: str, seconds: float = SECONDS) -> None:
        """Wait until pods are Ready."""
        for name in names:
            eventually(f"{name} Ready", partial(self._is_ready, namespace, name), seconds)

    def wait_gone(self, namespace: str, *names: str) -> None:
        """Wait until pods do not exist."""
        for name in names:
            eventually(f"the end of {name}", partial(self._is_gone, namespace, name))

    def _is_ready(self, namespace: str, name: str) -> bool:
        return is_true(self.read("Pod", namespace, name), "Ready")

    def _is_gone(self, namespace: str, name: str) -> bool:
        return not self.phase(namespace, name)

    def run(self, *objects: JsonObject) -> None:
        """Create objects and wait until the pods among them are Ready."""
        self.create(*objects)
        for value in objects:
            if text_at(value, "kind") == "Pod":
                self.wait_ready(text_at(value, "metadata", "namespace"), text_at(value, "metadata", "name"))

    def printed(self, namespace: str, name: str, container: str = "ctr0") -> str:
        """The variables that a container shows, once it has written all of them."""
        path = f"{collection('Pod', namespace)}/{name}/log?container={container}"
        found: list[str] = []

        def complete() -> bool:
            found[:] = [self.api.call("GET", path)]
            return LAST_LINE in found[0]

        eventually(f"the output of {name}/{container}", complete)
        return found[0]

    def environment(self, namespace: str, name: str, container: str = "ctr0") -> dict[str, str]:
        """Variables that a container printed."""
        lines = (line.partition("=") for line in self.printed(namespace, name, container).splitlines())
        return {key: value for key, separator, value in lines if separator}

    def events(self, namespace: str, name: str, reason: str) -> list[str]:
        """Messages of a pod's events."""
        selector = f"involvedObject.name={name},reason={reason}"
        return [
            text_at(event, "message")
            for event in self.listed(f"/api/v1/namespaces/{namespace}/events?fieldSelector={selector}")
        ]

    def wait_for_event(self, namespace: str, name: str, reason: str, *words: str) -> str:
        """Wait for an event whose message has all the words; the message."""
        found: list[str] = []

        def there() -> bool:
            messages = self.events(namespace, name, reason)
            found[:] = [text for text in messages if all(word in text for word in words)]
            return bool(found)

        eventually(f"event {reason} of {name} with {words}", there)
        return found[0]

    # For whoever reads a failure.

    def state(self, namespace: str) -> str:
        """What a person looks at when something went wrong."""
        looks: Sequence[tuple[str, Callable[[], str]]] = (
            ("pods", lambda: self.kubectl("get", "pods,resourceclaims", "--all-namespaces", "-o", "wide")),
            ("events", lambda: self.kubectl("get", "events", "-n", namespace or NAMESPACE, "--sort-by=.lastTimestamp")),
            ("devices", self._devices),
            ("driver", lambda: last_words(self.cluster, 40)),
            ("kubelet", lambda: self.cluster.processes["kubelet"].last_words(25)),
        )
        parts: list[str] = []
        for title, look in looks:
            try:
                text = look()
            except (AssertionError, OSError) as error:
                text = str(error)
            parts.append(f"--- {title}\n{text[-6000:]}")
        return "\n".join(parts)

    def _devices(self) -> str:
        return self.kubectl("get", "resourceslices")


def _node_selector(labels: Mapping[str, Json]) -> JsonObject:
    return {"spec": {"template": {"spec": {"nodeSelector": labels}}}}


def consumers(claim: JsonObject) -> list[str]:
    """Names of the pods that a claim is reserved for."""
    return [text_at(item, "name") for item in list_at(claim, "status", "reservedFor")]


def allocated_devices(claim: JsonObject) -> list[str]:
    """Names of the devices that a claim was given."""
    results = list_at(object_at(claim, "status", "allocation"), "devices", "results")
    return [text_at(item, "device") for item in results]
