"""Programs of the machine that a cluster needs, and the Debian packages that have them."""

from __future__ import annotations

import os
import shutil
import subprocess
from pathlib import Path

from .progress import ClusterError, step

FOR_CLUSTERS = {
    "busybox": "busybox-static",
    "ip": "iproute2",
    "iptables": "iptables",
    "mount": "mount",
    "openssl": "openssl",
    "runc": "runc",
}
"""Package by program."""

FOR_IMAGES = {"buildah": "buildah", "mmdebstrap": "mmdebstrap"}

DYNAMIC_LOADER = b"/ld-linux"
"""In a program that is linked dynamically; such a busybox would not run in an image of its own."""


def ensure(packages: dict[str, str]) -> None:
    """Install what is missing, as root on Debian and its kin; otherwise say what is missing.

    Raises:
        ClusterError: Something is missing and cannot be installed.
    """
    missing = [package for program, package in packages.items() if not _is_there(program)]
    if not missing:
        return
    if os.geteuid() != 0 or shutil.which("apt-get") is None:
        raise ClusterError(f"these programs are missing (names of Debian's packages): {' '.join(missing)}")
    with step(f"installing {' '.join(missing)}"):
        environment = {**os.environ, "DEBIAN_FRONTEND": "noninteractive"}
        for arguments in (["update"], ["install", "-y", "--no-install-recommends", *missing]):
            done = subprocess.run(
                ["apt-get", "-q", *arguments], env=environment, capture_output=True, text=True, check=False
            )
            if done.returncode != 0:
                raise ClusterError(f"apt-get {' '.join(arguments)} failed:\n{(done.stdout + done.stderr)[-2000:]}")


def _is_there(program: str) -> bool:
    # Administrators' programs are not on everybody's PATH.
    found = shutil.which(program, path=f"{os.environ.get('PATH', '')}:/usr/local/sbin:/usr/sbin:/sbin:/bin")
    if found is None:
        return False
    return program != "busybox" or DYNAMIC_LOADER not in Path(found).read_bytes()
