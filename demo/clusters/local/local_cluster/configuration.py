"""Texts and argument lists of the components: pure functions of a layout."""

from __future__ import annotations

import json
from collections.abc import Mapping

from .layout import Layout
from .versions import feature_gates, kubelet_knows_fail_cgroup_v1, runtime_config

PAUSE_IMAGE = "localhost/drakit/pause:1"
BUSYBOX_IMAGE = "docker.io/library/busybox:1.36"
KUBELET_HEALTH_PORT = 10248
"""On the node's address, which no other cluster has."""


def kubeconfig(layout: Layout, user: str) -> str:
    """A kubeconfig for the user whose certificate is ``<user>.crt``. JSON is YAML."""
    pki = layout.certificates
    return json.dumps(
        {
            "apiVersion": "v1",
            "kind": "Config",
            "clusters": [
                {
                    "name": layout.name,
                    "cluster": {"server": layout.server, "certificate-authority": str(pki / "ca.crt")},
                }
            ],
            "users": [
                {
                    "name": user,
                    "user": {"client-certificate": str(pki / f"{user}.crt"), "client-key": str(pki / f"{user}.key")},
                }
            ],
            "contexts": [{"name": layout.name, "context": {"cluster": layout.name, "user": user}}],
            "current-context": layout.name,
        },
        indent=2,
    )


def gates(layout: Layout, extra: Mapping[str, bool]) -> str:
    """The value of --feature-gates."""
    return ",".join(
        f"{name}={str(on).lower()}" for name, on in sorted({**feature_gates(layout.version), **extra}.items())
    )


def arguments(component: str, layout: Layout, extra: Mapping[str, bool]) -> list[str]:
    """The arguments of a component by its name."""
    match component:
        case "etcd":
            return etcd(layout)
        case "kube-apiserver":
            return apiserver(layout, extra)
        case "kube-controller-manager":
            return controller_manager(layout, extra)
        case "kube-scheduler":
            return scheduler(layout, extra)
        case "containerd":
            return [f"--config={layout.configuration / 'containerd.toml'}"]
        case "kubelet":
            return kubelet(layout)
        case _:
            raise ValueError(f"{component} is no component")


def etcd(layout: Layout) -> list[str]:
    """Arguments of etcd. Its data is worth nothing after a crash of the machine, so it need not wait for the disk."""
    client, peer = f"http://127.0.0.1:{layout.etcd_port}", f"http://127.0.0.1:{layout.etcd_port + 1}"
    return [
        f"--data-dir={layout.root / 'etcd'}",
        f"--listen-client-urls={client}",
        f"--advertise-client-urls={client}",
        f"--listen-peer-urls={peer}",
        f"--initial-advertise-peer-urls={peer}",
        f"--initial-cluster=default={peer}",
        "--unsafe-no-fsync",
        "--log-level=warn",
    ]


def apiserver(layout: Layout, extra: Mapping[str, bool]) -> list[str]:
    """Arguments of kube-apiserver."""
    pki = layout.certificates
    return [
        f"--etcd-servers=http://127.0.0.1:{layout.etcd_port}",
        f"--bind-address={layout.address}",
        f"--advertise-address={layout.address}",
        f"--secure-port={layout.api_port}",
        f"--service-cluster-ip-range={layout.services}",
        f"--tls-cert-file={pki / 'apiserver.crt'}",
        f"--tls-private-key-file={pki / 'apiserver.key'}",
        f"--client-ca-file={pki / 'ca.crt'}",
        f"--kubelet-client-certificate={pki / 'admin.crt'}",
        f"--kubelet-client-key={pki / 'admin.key'}",
        "--kubelet-preferred-address-types=InternalIP",
        f"--service-account-issuer={layout.server}",
        f"--service-account-key-file={pki / 'service-account.key'}",
        f"--service-account-signing-key-file={pki / 'service-account.key'}",
        "--authorization-mode=Node,RBAC",
        "--enable-admission-plugins=NodeRestriction",
        "--allow-privileged=true",
        # Webhooks behind a Service are called by their pods' addresses: there is no kube-proxy to lead the way.
        "--enable-aggregator-routing=true",
        f"--runtime-config={','.join(runtime_config(layout.version))}",
        *_gates_argument(layout, extra),
    ]


def controller_manager(layout: Layout, extra: Mapping[str, bool]) -> list[str]:
    """Arguments of kube-controller-manager."""
    pki = layout.certificates
    return [
        f"--kubeconfig={layout.configuration / 'controller-manager.kubeconfig'}",
        f"--service-account-private-key-file={pki / 'service-account.key'}",
        f"--root-ca-file={pki / 'ca.crt'}",
        "--use-service-account-credentials=true",
        "--leader-elect=false",
        "--secure-port=0",
        *_gates_argument(layout, extra),
    ]


def scheduler(layout: Layout, extra: Mapping[str, bool]) -> list[str]:
    """Arguments of kube-scheduler."""
    return [
        f"--kubeconfig={layout.configuration / 'scheduler.kubeconfig'}",
        "--leader-elect=false",
        "--secure-port=0",
        *_gates_argument(layout, extra),
    ]


def kubelet(layout: Layout) -> list[str]:
    """Arguments of the kubelet; the rest is in its configuration file."""
    return [
        f"--config={layout.configuration / 'kubelet.json'}",
        f"--kubeconfig={layout.configuration / 'kubelet.kubeconfig'}",
        f"--root-dir={layout.kubelet_root}",
        f"--cert-dir={layout.kubelet_root / 'pki'}",
        f"--hostname-override={layout.node_name}",
        f"--node-ip={layout.address}",
    ]


def _gates_argument(layout: Layout, extra: Mapping[str, bool]) -> list[str]:
    value = gates(layout, extra)
    return [f"--feature-gates={value}"] if value else []


def kubelet_file(layout: Layout, extra: Mapping[str, bool]) -> str:
    """The kubelet's configuration file."""
    configuration: dict[str, object] = {
        "apiVersion": "kubelet.config.k8s.io/v1beta1",
        "kind": "KubeletConfiguration",
        "address": layout.address,
        "port": 10250,
        "healthzBindAddress": layout.address,
        "healthzPort": KUBELET_HEALTH_PORT,
        "authentication": {
            "x509": {"clientCAFile": str(layout.certificates / "ca.crt")},
            "anonymous": {"enabled": False},
            "webhook": {"enabled": True},
        },
        "authorization": {"mode": "Webhook"},
        "containerRuntimeEndpoint": f"unix://{layout.containerd_socket}",
        "cgroupDriver": "cgroupfs",
        "cgroupRoot": f"/{layout.cgroup}",
        "podLogsDir": str(layout.root / "pods"),
        "volumePluginDir": str(layout.kubelet_root / "volume-plugins"),
        "makeIPTablesUtilChains": False,  # nothing here needs them, and nobody would take them away
        "failSwapOn": False,
        "clusterDNS": [],
        "resolvConf": "",
        "registerNode": True,
        "imageGCHighThresholdPercent": 100,  # a full disk of the machine is not this cluster's to clean
        "evictionHard": {"memory.available": "1Mi", "nodefs.available": "0%", "imagefs.available": "0%"},
        "featureGates": {**feature_gates(layout.version), **extra},
        "syncFrequency": "10s",
    }
    if kubelet_knows_fail_cgroup_v1(layout.version):
        configuration["failCgroupV1"] = False
    return json.dumps(configuration, indent=2)


def containerd_file(layout: Layout, snapshotter: str) -> str:
    """Configure containerd: CRI with CDI, nothing else, and all of its files below the cluster's folder.

    Where the machine lacks CAP_SYS_RESOURCE nobody may lower an oom_score_adj: ``restrict_oom_score_adj`` lets pods
    start.

    Args:
        layout: Of the cluster.
        snapshotter: ``overlayfs``, or ``native`` (copies) where the kernel has none.
    """
    return f"""\
version = 3
root = "{layout.containerd_root}"
state = "{layout.containerd_state}"

[grpc]
  address = "{layout.containerd_socket}"

[plugins."io.containerd.internal.v1.opt"]
  path = "{layout.containerd_root / "opt"}"

[plugins."io.containerd.nri.v1.nri"]
  disable = true

[plugins."io.containerd.cri.v1.images"]
  snapshotter = "{snapshotter}"
  [plugins."io.containerd.cri.v1.images".pinned_images]
    sandbox = "{PAUSE_IMAGE}"

[plugins."io.containerd.cri.v1.runtime"]
  enable_cdi = true
  cdi_spec_dirs = ["{layout.cdi_directory}"]
  restrict_oom_score_adj = true
  netns_mounts_under_state_dir = true
  [plugins."io.containerd.cri.v1.runtime".cni]
    bin_dirs = ["{layout.cache / "bin" / "cni-plugins"}"]
    conf_dir = "{layout.configuration / "cni"}"
  [plugins."io.containerd.cri.v1.runtime".containerd]
    default_runtime_name = "runc"
    [plugins."io.containerd.cri.v1.runtime".containerd.runtimes.runc]
      runtime_type = "io.containerd.runc.v2"
      [plugins."io.containerd.cri.v1.runtime".containerd.runtimes.runc.options]
        Root = "{layout.root / "runc"}"

[plugins."io.containerd.grpc.v1.cri"]
  stream_server_address = "127.0.0.1"
  stream_server_port = "0"
"""


def cni_file(layout: Layout) -> str:
    """The pods' network: a bridge with the node as gateway. Its state stays below the cluster's own directory."""
    return json.dumps(
        {
            "cniVersion": "1.0.0",
            "name": layout.network,
            "plugins": [
                {
                    "type": "bridge",
                    "bridge": layout.bridge,
                    "isGateway": True,
                    "ipMasq": False,
                    "hairpinMode": True,
                    "ipam": {
                        "type": "host-local",
                        "dataDir": str(layout.root / "cni"),
                        "ranges": [[{"subnet": layout.subnet, "gateway": layout.address}]],
                        "routes": [{"dst": "0.0.0.0/0"}],
                    },
                }
            ],
        },
        indent=2,
    )


def helm_values(layout: Layout) -> str:
    """Values of the driver's chart that differ on this cluster from the usual places."""
    return f"""\
kubeletPlugin:
  kubeletRegistrarDirectoryPath: {layout.registrar_directory}
  kubeletPluginsDirectoryPath: {layout.plugins_directory}
  cdiDirectoryPath: {layout.cdi_directory}
"""
