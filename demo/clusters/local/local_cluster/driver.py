"""The driver on a cluster: its image built and loaded, its chart installed."""

from __future__ import annotations

import json
import os
import subprocess
import tarfile
from collections.abc import Sequence
from pathlib import Path

from . import debian_packages
from .base_image import make_base_image
from .cluster import Cluster
from .progress import ClusterError, step

REPOSITORY = Path(__file__).resolve().parents[4]
CHART = REPOSITORY / "helm" / "dra-example-driver"
RELEASE = "dra-example-driver"
NAMESPACE = "dra-example-driver"
IMAGE = "docker.io/drakit/dra-example-driver"
BUILT = "built-here"
"""Tag of the last build; on a cluster each image also has a tag of its own."""


def build_driver(cache: Path) -> Path:
    """Build the driver's image from the project's Dockerfile; the docker archive.

    Raises:
        ClusterError: It could not be built.
    """
    debian_packages.ensure(debian_packages.FOR_IMAGES)
    base = make_base_image(cache)
    archive = cache / "images" / "driver.tar"
    environment = {**os.environ, "IMAGE": f"{IMAGE}:{BUILT}", "BUILDER": "buildah", "BASE": str(base)}
    with step("driver image"):
        done = subprocess.run(
            [str(REPOSITORY / "demo" / "build-driver.sh"), "--output", str(archive)],
            env=environment,
            capture_output=True,
            text=True,
            check=False,
        )
        if done.returncode != 0:
            raise ClusterError(f"demo/build-driver.sh failed:\n{(done.stdout + done.stderr)[-3000:]}")
    return archive


def load_driver(cluster: Cluster, archive: Path) -> str:
    """Give the node the driver's image; the tag to install, which says what is in it.

    An image that was built anew under a tag in use would change nothing: the DaemonSet would still be the same.
    """
    with tarfile.open(archive) as file:
        manifest = file.extractfile("manifest.json")
        if manifest is None:
            raise ClusterError(f"{archive} is no docker archive")
        # The configuration's file is named by its SHA-256, which is the image's ID.
        tag = str(json.load(manifest)[0]["Config"])[:12]
    with step(f"loading the image {IMAGE}:{tag}"):
        cluster.load_image(archive)
        cluster.ctr("images", "tag", "--force", f"{IMAGE}:{BUILT}", f"{IMAGE}:{tag}")
    return tag


def install_driver(cluster: Cluster, values: Sequence[str]) -> None:
    """Build, load, and install or upgrade; returns when controller and plugins are ready.

    Args:
        cluster: Where to.
        values: ``KEY=VALUE``, as helm's --set takes them.
    """
    tag = load_driver(cluster, build_driver(cluster.layout.cache))
    try:
        with step("helm upgrade --install"):
            helm(cluster, *upgrade(cluster, [f"image.tag={tag}", "image.pullPolicy=Never", *values]))
    except ClusterError as error:
        raise ClusterError(f"{error}\nThe driver's last words:\n{last_words(cluster)}") from error


def last_words(cluster: Cluster, lines: int = 15) -> str:
    """The end of the logs of controller and plugins, for an error message."""
    text = []
    for log in sorted((cluster.layout.root / "pods").glob(f"{NAMESPACE}_*/*/*.log")):
        text += [f"{log.relative_to(cluster.layout.root)}:", *log.read_text(errors="replace").splitlines()[-lines:]]
    return "\n".join(text) or "(they have not started)"


def upgrade(cluster: Cluster, values: Sequence[str], release: str = RELEASE, namespace: str = NAMESPACE) -> list[str]:
    """Arguments of helm that install or upgrade the chart and wait for controller and plugins."""
    return [
        *("upgrade", "--install", release, str(CHART), "--namespace", namespace, "--create-namespace"),
        *("--values", str(cluster.layout.configuration / "helm-values.yaml"), "--wait", "--timeout", "3m"),
        *(argument for value in values for argument in ("--set", value)),
    ]


def helm(cluster: Cluster, *arguments: str) -> str:
    """Run helm on the cluster; what it printed.

    Raises:
        ClusterError: With helm's own words.
    """
    home = str(cluster.layout.root / "helm")
    environment = {
        **os.environ,
        "KUBECONFIG": str(cluster.layout.kubeconfig),
        "HELM_CACHE_HOME": home,
        "HELM_CONFIG_HOME": home,
        "HELM_DATA_HOME": home,
    }
    done = subprocess.run([str(cluster.helm), *arguments], env=environment, capture_output=True, text=True, check=False)
    if done.returncode != 0:
        raise ClusterError(f"helm {arguments[0]} failed: {done.stderr.strip()[-3000:]}")
    return done.stdout
