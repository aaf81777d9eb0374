"""One cluster: up, down, and its parts stopped and started while it runs."""

from __future__ import annotations

import http.client
import shutil
import signal
import subprocess
from pathlib import Path

from . import clusters, configuration, leftovers, machine
from .api import Api, ApiError, is_true
from .build import build, destination
from .certificates import USERS, make_certificates
from .clusters import Description
from .images import make_images
from .layout import Layout
from .network import make_network, remove_network
from .processes import Process
from .progress import ClusterError, step, wait_until
from .versions import CONTAINERD, ETCD, HELM, parts

START_SECONDS = 120.0
"""A part that does not answer by then has a reason for it, which its log tells."""

COMPONENTS = ("etcd", "kube-apiserver", "kube-controller-manager", "kube-scheduler", "containerd", "kubelet")
"""In the order of their start."""


class Cluster:
    """One cluster of this machine."""

    def __init__(self, description: Description, folder: Path = clusters.FOLDER) -> None:
        self.description = description
        self.layout: Layout = description.layout(folder)
        self.processes = {name: Process(self.layout, name) for name in COMPONENTS}
        self._folder = folder

    @property
    def kubectl(self) -> Path:
        """The kubectl of the cluster's version."""
        return self.layout.programs / "kubectl"

    @property
    def helm(self) -> Path:
        """The helm that is built here."""
        return destination(HELM, self.layout.cache) / "helm"

    def api(self) -> Api:
        """The API server, as administrator."""
        return Api(self.layout)

    def up(self) -> None:
        """Start what does not run, and wait until pods can be created. Twice is as once.

        Raises:
            ClusterError: A part did not start.
        """
        layout = self.layout
        for part in parts(layout.version):
            build(part, layout.cache)
        self._write_configuration()
        machine.remember(self._folder)
        with step("network and cgroups"):
            make_network(layout)
            leftovers.make_cgroups(layout)
        with step("etcd, containerd"):
            self._launch("etcd")
            self._launch("containerd")
            self._answers("etcd")
        with step("kube-apiserver"):
            self.start("kube-apiserver")
        with step("images"):
            self._answers("containerd")
            for image in make_images(layout.cache / "images"):
                self.load_image(image)
        with step("kube-controller-manager, kube-scheduler, kubelet"):
            for name in ("kube-controller-manager", "kube-scheduler"):
                self._launch(name)
            self.start("kubelet")
        with step("node ready"):
            self.wait_until_ready()

    def down(self) -> None:
        """End and remove everything. What is already gone is fine, so it also clears up after an `up` that failed."""
        layout = self.layout
        with step(f"taking {layout.name} down"):
            # By force: all that a component could put in order is removed anyway, and some take 20 s for it.
            for name in reversed(COMPONENTS):
                self.processes[name].stop(signal.SIGKILL)
            leftovers.end_processes(layout)
            leftovers.forget_shims(layout)
            leftovers.unmount(layout)
            remove_network(layout)
            leftovers.remove_cgroups(layout)
            leftovers.forget_pods(layout)
            shutil.rmtree(layout.root)
            with clusters.locked(clusters.ALL):  # a cluster that comes meanwhile is known before, or begins after
                if not clusters.known(self._folder):
                    machine.put_back(self._folder)
                    self._folder.rmdir()

    def start(self, name: str) -> None:
        """Start a component, unless it runs, and wait until it answers."""
        self._launch(name)
        self._answers(name)

    def stop(self, name: str) -> None:
        """End a component; containers go on."""
        self.processes[name].stop()

    def restart(self, name: str) -> None:
        """End a component and start it again."""
        with step(f"restarting {name}"):
            self.stop(name)
            self.start(name)

    def load_image(self, archive: Path) -> None:
        """Give the node the images of a docker archive."""
        self.ctr("images", "import", "--snapshotter", snapshotter(self.layout), str(archive))

    def ctr(self, *arguments: str) -> str:
        """Run containerd's own client in the kubelet's namespace; what it printed."""
        program = destination(CONTAINERD, self.layout.cache) / "ctr"
        command = [str(program), "--address", str(self.layout.containerd_socket), "--namespace", "k8s.io", *arguments]
        done = subprocess.run(command, capture_output=True, text=True, check=False)
        if done.returncode != 0:
            raise ClusterError(f"ctr {' '.join(arguments)} failed: {done.stderr.strip()[-1000:]}")
        return done.stdout

    def is_ready(self) -> bool:
        """Whether the node is Ready and pods can be created."""
        try:
            node = self.api().get(f"/api/v1/nodes/{self.layout.node_name}")
            return is_true(node, "Ready") and self.api().exists("/api/v1/namespaces/default/serviceaccounts/default")
        except (OSError, ApiError):
            return False

    def wait_until_ready(self) -> None:
        """Wait until ``is_ready``; a component that ended meanwhile is a failure at once."""

        def ready() -> bool:
            for name in COMPONENTS:
                self._must_live(name)
            return self.is_ready()

        wait_until("the node Ready", START_SECONDS, ready)

    def _launch(self, name: str) -> None:
        layout = self.layout
        programs = {
            "etcd": destination(ETCD, layout.cache) / "etcd",
            "containerd": destination(CONTAINERD, layout.cache) / "containerd",
        }
        program = programs.get(name, layout.programs / name)
        arguments = configuration.arguments(name, layout, self.description.feature_gates)
        search = f"{destination(CONTAINERD, layout.cache)}:/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"
        self.processes[name].start([str(program), *arguments], {leftovers.MARK: str(layout.root), "PATH": search})

    def _answers(self, name: str) -> None:
        def answers() -> bool:
            self._must_live(name)
            return self._is_answering(name)

        wait_until(f"{name} answering", START_SECONDS, answers, 0.05)

    def _is_answering(self, name: str) -> bool:
        layout = self.layout
        try:
            match name:
                case "etcd":
                    return _is_ok("127.0.0.1", layout.etcd_port, "/health")
                case "kube-apiserver":
                    return self.api().call("GET", "/readyz") == "ok"
                case "kubelet":
                    return _is_ok(layout.address, configuration.KUBELET_HEALTH_PORT, "/healthz")
                case "containerd":
                    return bool(self.ctr("version"))
                case _:
                    return True  # the others serve nothing; what they do shows
        except (OSError, ApiError, ClusterError):
            return False

    def _must_live(self, name: str) -> None:
        process = self.processes[name]
        if process.pid() is None:
            raise ClusterError(f"{name} ended; its last words:\n{process.last_words(15)}")

    def _write_configuration(self) -> None:
        layout = self.layout
        gates = self.description.feature_gates
        make_certificates(layout)
        for folder in (
            layout.configuration / "cni",
            layout.cdi_directory,
            layout.registrar_directory,
            layout.plugins_directory,
        ):
            folder.mkdir(parents=True, exist_ok=True)
        texts = {f"{user}.kubeconfig": configuration.kubeconfig(layout, user) for user in (*USERS, "kubelet")}
        texts["kubelet.json"] = configuration.kubelet_file(layout, gates)
        texts["containerd.toml"] = configuration.containerd_file(layout, snapshotter(layout))
        texts["cni/10-drakit.conflist"] = configuration.cni_file(layout)
        texts["helm-values.yaml"] = configuration.helm_values(layout)
        for name, text in texts.items():
            (layout.configuration / name).write_text(text)


def snapshotter(layout: Layout) -> str:
    """What containerd keeps file systems with: overlays if the kernel mounts one at this place, else copies."""
    chosen = layout.configuration / "snapshotter"
    if not chosen.exists():
        trial = layout.root / "overlay-trial"
        for name in ("lower", "upper", "work", "merged"):
            (trial / name).mkdir(parents=True, exist_ok=True)
        options = f"lowerdir={trial / 'lower'},upperdir={trial / 'upper'},workdir={trial / 'work'}"
        command = ["mount", "-t", "overlay", "overlay", "-o", options, str(trial / "merged")]
        works = subprocess.run(command, capture_output=True, check=False).returncode == 0
        if works:
            subprocess.run(["umount", str(trial / "merged")], capture_output=True, check=False)
        shutil.rmtree(trial)
        chosen.write_text("overlayfs" if works else "native")
    return chosen.read_text()


def _is_ok(host: str, port: int, path: str) -> bool:
    connection = http.client.HTTPConnection(host, port, timeout=5)
    try:
        connection.request("GET", path)
        return connection.getresponse().status == http.client.OK
    except http.client.HTTPException:
        return False
    finally:
        connection.close()
