"""What can be built, as data: parts, their Go modules, and what each Kubernetes version wants to be told."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class Part:
    """Programs that come out of one Go module.

    Attributes:
        name: Folder under components/ with the pinned go.mod and go.sum.
        module: Go module path.
        version: Its version.
        programs: Package path of each program; its last element is the name unless ``renamed`` says otherwise.
        tags: Build tags.
        renamed: Program name by package path.
        stamps: Linker variables, so that a program names its real version.
    """

    name: str
    module: str
    version: str
    programs: tuple[str, ...]
    tags: tuple[str, ...] = ()
    renamed: Mapping[str, str] = field(default_factory=dict)
    stamps: Mapping[str, str] = field(default_factory=dict)

    def program_name(self, package: str) -> str:
        """The file name of the program that ``package`` builds."""
        return self.renamed.get(package, package.rsplit("/", 1)[-1])


DEFAULT = "1.37.2"
KUBERNETES_VERSIONS = ("1.30.14", "1.34.4", "1.35.4", "1.36.3", DEFAULT)

ETCD = Part(
    "etcd",
    "go.etcd.io/etcd/server/v3",
    "v3.7.3",
    ("go.etcd.io/etcd/server/v3",),
    (),
    {"go.etcd.io/etcd/server/v3": "etcd"},
)
CONTAINERD = Part(
    "containerd",
    "github.com/containerd/containerd/v2",
    "v2.4.2",
    tuple(
        f"github.com/containerd/containerd/v2/cmd/{name}" for name in ("containerd", "containerd-shim-runc-v2", "ctr")
    ),
    ("no_btrfs", "no_devmapper", "no_zfs"),
)
CNI = Part(
    "cni-plugins",
    "github.com/containernetworking/plugins",
    "v1.9.1",
    tuple(
        f"github.com/containernetworking/plugins/plugins/{name}"
        for name in ("main/bridge", "main/loopback", "ipam/host-local")
    ),
)
HELM = Part("helm", "helm.sh/helm/v4", "v4.3.1", ("helm.sh/helm/v4/cmd/helm",))


def kubernetes(version: str) -> Part:
    """Kubernetes' own programs of a version such as ``1.37.2``."""
    major, minor, _ = version.split(".")
    stamp = "k8s.io/component-base/version"
    return Part(
        f"kubernetes-{version}",
        "k8s.io/kubernetes",
        f"v{version}",
        tuple(
            f"k8s.io/kubernetes/cmd/{name}"
            for name in ("kube-apiserver", "kube-controller-manager", "kube-scheduler", "kubelet", "kubectl")
        ),
        stamps={
            f"{stamp}.gitVersion": f"v{version}",
            f"{stamp}.gitMajor": major,
            f"{stamp}.gitMinor": minor,
        },
    )


def parts(version: str) -> tuple[Part, ...]:
    """All that a cluster of this version is made of, quickest build first."""
    return (CNI, ETCD, CONTAINERD, HELM, kubernetes(version))


def minor(version: str) -> int:
    """The minor number: 37 of ``1.37.2``."""
    return int(version.split(".")[1])


def feature_gates(version: str) -> Mapping[str, bool]:
    """Gates beyond the version's defaults that dynamic resource allocation needs there.

    Only classic DRA has to be switched on; from 1.34 on the defaults serve.
    """
    return {"DynamicResourceAllocation": True} if minor(version) < 34 else {}


def runtime_config(version: str) -> tuple[str, ...]:
    """API versions that the server does not serve by itself and a driver's tests want to see."""
    if minor(version) < 31:
        return ("resource.k8s.io/v1alpha2=true",)
    served = ["resource.k8s.io/v1beta1=true", "resource.k8s.io/v1beta2=true"]
    if minor(version) < 37:
        served.append("resource.k8s.io/v1alpha3=true")  # DeviceTaintRule until v1 in 1.37
    return tuple(served)


def kubelet_knows_fail_cgroup_v1(version: str) -> bool:
    """The kubelet's configuration field failCgroupV1 exists from 1.31 on; before, it is an error."""
    return minor(version) >= 31
