"""Where everything of one cluster is: directories, sockets, addresses, names. Two clusters share none of them."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True, slots=True)
class Layout:
    """One cluster's places.

    Attributes:
        name: The cluster's name, part of each path and name below.
        version: Kubernetes version, e.g. ``1.37.2``.
        index: A number that no other cluster of this machine has (0..99); addresses and ports derive from it.
        root: The cluster's state directory; short, because unix socket paths end at 107 bytes.
        cache: Where built programs are kept, for all clusters.
    """

    name: str
    version: str
    index: int
    root: Path
    cache: Path

    @property
    def node_name(self) -> str:
        """Name of the one node."""
        return f"{self.name}-node"

    @property
    def programs(self) -> Path:
        """Programs of this Kubernetes version."""
        return self.cache / "bin" / f"kubernetes-{self.version}"

    @property
    def bridge(self) -> str:
        """Network device of the pods and of the API server (names end at 15 characters)."""
        return f"drakit{self.index}"

    @property
    def network(self) -> str:
        """Name of the pods' network, by which CNI plugins keep their records."""
        return f"drakit-{self.name}"

    @property
    def subnet(self) -> str:
        """Addresses of the pods."""
        return f"10.{130 + self.index}.0.0/24"

    @property
    def address(self) -> str:
        """The node's address on the bridge; the API server listens there, so that pods can reach it."""
        return f"10.{130 + self.index}.0.1"

    @property
    def services(self) -> str:
        """Addresses of Services."""
        return f"10.96.{self.index}.0/24"

    @property
    def service_address(self) -> str:
        """The Service `kubernetes`, as pods see it."""
        return f"10.96.{self.index}.1"

    @property
    def api_port(self) -> int:
        """Port of the API server on ``address``."""
        return 6443

    @property
    def etcd_port(self) -> int:
        """Client port of etcd on loopback; the peer port is the next one."""
        return 23790 + 10 * self.index

    @property
    def server(self) -> str:
        """URL of the API server."""
        return f"https://{self.address}:{self.api_port}"

    @property
    def certificates(self) -> Path:
        """CA, certificates and keys."""
        return self.root / "pki"

    @property
    def configuration(self) -> Path:
        """Configuration files and kubeconfigs."""
        return self.root / "etc"

    @property
    def logs(self) -> Path:
        """A log file for each component."""
        return self.root / "log"

    @property
    def records(self) -> Path:
        """What was started: a file for each process."""
        return self.root / "run"

    @property
    def kubelet_root(self) -> Path:
        """The kubelet's own directory instead of /var/lib/kubelet."""
        return self.root / "kubelet"

    @property
    def registrar_directory(self) -> Path:
        """Where the kubelet looks for registration sockets."""
        return self.kubelet_root / "plugins_registry"

    @property
    def plugins_directory(self) -> Path:
        """Where plugins keep sockets and state."""
        return self.kubelet_root / "plugins"

    @property
    def cdi_directory(self) -> Path:
        """Where this cluster's containerd looks for CDI files."""
        return self.root / "cdi"

    @property
    def containerd_root(self) -> Path:
        """Images and snapshots."""
        return self.root / "containerd"

    @property
    def containerd_state(self) -> Path:
        """Running containers."""
        return self.root / "cr"

    @property
    def containerd_socket(self) -> Path:
        """Socket of containerd."""
        return self.root / "cr" / "containerd.sock"

    @property
    def cgroup(self) -> str:
        """Root of the pods' cgroups, without the leading slash."""
        return f"drakit-{self.name}"

    @property
    def kubeconfig(self) -> Path:
        """The administrator's kubeconfig."""
        return self.configuration / "admin.kubeconfig"
