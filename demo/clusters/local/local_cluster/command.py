"""The command `cluster`: what to do, for which cluster; told in lines for people."""

from __future__ import annotations

import argparse
import os
import shutil
import signal
import sys
import time
from pathlib import Path
from types import FrameType

from . import clusters, debian_packages
from .base_image import make_base_image
from .build import build, pin
from .cluster import COMPONENTS, Cluster
from .driver import install_driver
from .images import make_images
from .network import indexes_in_use
from .progress import ClusterError, step
from .versions import CNI, CONTAINERD, DEFAULT, ETCD, HELM, KUBERNETES_VERSIONS, kubernetes, minor, parts

PARTS = (CNI, ETCD, CONTAINERD, HELM, *(kubernetes(version) for version in KUBERNETES_VERSIONS))

EPILOG = """\
examples:
  cluster up                                  Kubernetes 1.37.2, ready for pods
  cluster install-driver                      build the driver's image, load it, install the chart
  cluster up --version 1.36.3                 another one beside it
  cluster status
  cluster restart kubelet
  cluster down

The first `up` of a version builds it from source: about 10 minutes with two processors; later ones take seconds.
Needs Linux, root, and Go; on Debian and its kin it installs the packages that it needs by itself.
"""


def main(arguments: list[str] | None = None) -> int:
    """Run the command; its exit code: 0, 1 for what went wrong in the world, 2 for wrong arguments."""
    options = _parser().parse_args(arguments)
    command: str = options.command
    signal.signal(signal.SIGTERM, _interrupt)
    try:
        match command:
            case "up":
                _up(options.name, options.version, options.feature_gates)
            case "down":
                _down(options.name, options.version)
            case "status":
                print(_status())
            case "restart":
                _existing(options.name, options.version).restart(options.component)
            case "load-image":
                _existing(options.name, options.version).load_image(options.archive)
            case "install-driver":
                install_driver(_existing(options.name, options.version), options.set)
            case "build":
                _build(options.version)
            case "base-image":
                print(make_base_image(clusters.cache()))
            case "pin":
                for part in PARTS:
                    if not options.parts or part.name in options.parts:
                        pin(part)
            case _:
                raise ValueError(f"{command} was parsed, but nothing does it")
    except ClusterError as error:
        print(f"cluster: {error}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        print("cluster: interrupted", file=sys.stderr)
        return 1
    return 0


def bring_up(name: str, version: str, gates: dict[str, bool]) -> Cluster:
    """A cluster that runs; what a failed attempt has made is taken away again, except for its logs.

    Raises:
        ClusterError: It does not come up; the text says why and where the logs are.
    """
    _must_be_root()
    debian_packages.ensure(debian_packages.FOR_CLUSTERS)
    places = (clusters.Description(name, version, index, {}).layout() for index in clusters.INDEXES)
    is_new = clusters.read(name) is None
    cluster = Cluster(clusters.enter(name, version, gates, indexes_in_use(places)))
    with clusters.locked(name):
        try:
            cluster.up()
        except BaseException as error:
            if not is_new:
                raise
            logs = _keep_logs(cluster)
            cluster.down()
            if isinstance(error, ClusterError):
                raise ClusterError(f"{error}\nThe logs of all parts are in {logs}") from error
            raise
    return cluster


def take_down(cluster: Cluster) -> None:
    """End and remove the cluster."""
    _must_be_root()
    with clusters.locked(cluster.layout.name):
        if clusters.read(cluster.layout.name) is not None:
            cluster.down()


def _up(name: str, version: str, gates: dict[str, bool]) -> None:
    started = time.monotonic()
    cluster = bring_up(name or default_name(version), version, gates)
    layout = cluster.layout
    other_name = f" --name {layout.name}" if layout.name != default_name(DEFAULT) else ""
    print(f"""\
Kubernetes {version} is up after {time.monotonic() - started:.1f} s, node {layout.node_name} is Ready.

  export KUBECONFIG={layout.kubeconfig} PATH={layout.programs}:$PATH
  kubectl --cache-dir {layout.root / "kubectl"} get nodes

Install the driver:  {sys.argv[0]} install-driver{other_name}
Take it down again:  {sys.argv[0]} down{other_name}""")


def _down(name: str, version: str) -> None:
    wanted = name or default_name(version)
    description = clusters.read(wanted)
    if description is None:
        print(f"there is no cluster {wanted!r}")
    else:
        take_down(Cluster(description))


def _status() -> str:
    rows = [("NAME", "KUBERNETES", "NODE", "RUNNING", "SERVER", "KUBECONFIG")]
    for description in clusters.known():
        cluster = Cluster(description)
        running = sum(process.pid() is not None for process in cluster.processes.values())
        rows.append(
            (
                description.name,
                description.version,
                "Ready" if running and cluster.is_ready() else "NotReady",
                f"{running}/{len(COMPONENTS)}",
                cluster.layout.server,
                str(cluster.layout.kubeconfig),
            )
        )
    if len(rows) == 1:
        return "no cluster is up"
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    return "\n".join("  ".join(map(str.ljust, row, widths)).rstrip() for row in rows)


def _build(version: str) -> None:
    debian_packages.ensure(debian_packages.FOR_CLUSTERS)
    for part in parts(version):
        build(part, clusters.cache())
    make_images(clusters.cache() / "images")


def _existing(name: str, version: str) -> Cluster:
    wanted = name or default_name(version)
    description = clusters.read(wanted)
    if description is None:
        raise ClusterError(f"there is no cluster {wanted!r}; `{sys.argv[0]} status` lists those that there are")
    return Cluster(description)


def default_name(version: str) -> str:
    """The name of the cluster of this version when the user gives none: ``k37`` for 1.37.2."""
    return f"k{minor(version)}"


def _keep_logs(cluster: Cluster) -> Path:
    kept = cluster.layout.cache / "failed" / cluster.layout.name
    with step(f"keeping logs in {kept}"):
        shutil.rmtree(kept, ignore_errors=True)
        if cluster.layout.logs.exists():
            shutil.copytree(cluster.layout.logs, kept)
    return kept


def _must_be_root() -> None:
    if sys.platform != "linux" or os.geteuid() != 0:
        raise ClusterError(
            "a real cluster needs Linux and root (containers, network devices, cgroups); try `make demo` instead"
        )


def _interrupt(_number: int, _frame: FrameType | None) -> None:
    raise KeyboardInterrupt


def _gates(text: str) -> dict[str, bool]:
    gates = {}
    for item in filter(None, text.split(",")):
        name, separator, value = item.partition("=")
        if not separator or value.lower() not in {"true", "false"}:
            raise argparse.ArgumentTypeError(f"{item!r} is not NAME=true or NAME=false")
        gates[name] = value.lower() == "true"
    return gates


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="cluster",
        description="Real Kubernetes clusters on this machine, one node each, built from Go modules.",
        epilog=EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    commands = parser.add_subparsers(dest="command", required=True, metavar="COMMAND")

    def command(name: str, text: str) -> argparse.ArgumentParser:
        return commands.add_parser(name, help=text, description=text)

    def one_cluster(name: str, text: str) -> argparse.ArgumentParser:
        added = command(name, text)
        added.add_argument(
            "--version", choices=KUBERNETES_VERSIONS, default=DEFAULT, help="Kubernetes version (default: %(default)s)"
        )
        added.add_argument("--name", default="", help="the cluster's name (default: k and the minor version, e.g. k37)")
        return added

    up = one_cluster("up", "start a cluster, or what of it does not run")
    up.add_argument(
        "--feature-gates",
        type=_gates,
        default={},
        metavar="NAME=true,…",
        help="gates for all components of the cluster",
    )
    one_cluster("down", "end a cluster and remove all that it made")
    command("status", "list the clusters of this machine")
    one_cluster("restart", "end one component and start it again; pods go on").add_argument(
        "component", choices=COMPONENTS
    )
    one_cluster("load-image", "give the node a container image").add_argument(
        "archive", type=Path, help="as docker save, podman save or demo/build-driver.sh --output write it"
    )
    install = one_cluster("install-driver", "build the driver's image, load it, install or upgrade the chart")
    install.add_argument("--set", action="append", default=[], metavar="KEY=VALUE", help="a value of the chart")
    one_cluster("build", "build what a cluster is made of, without starting it")
    command("base-image", "make the base of the driver's image from Debian packages; prints its path")
    command("pin", "write go.mod and go.sum of parts anew (for maintainers)").add_argument(
        "parts", nargs="*", choices=[[], *(part.name for part in PARTS)], metavar="PART"
    )
    return parser
