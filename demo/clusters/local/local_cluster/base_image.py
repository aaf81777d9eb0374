"""The base of the driver's image where no image registry can be reached: a root file system of Debian packages."""

from __future__ import annotations

import hashlib
import subprocess
from pathlib import Path

from . import debian_packages
from .progress import ClusterError, step

SUITE = "bookworm"
PACKAGES = ("ca-certificates", "libstdc++6", "python3", "python3-venv", "usr-is-merged")
"""What python:slim has, as far as the driver needs it: wheels with C++ in them want its library from the system."""
NOT_INSTALLED = ("doc", "info", "locale", "man")
"""Folders of /usr/share that no program reads."""

MERGED_USR = "--hook-dir=/usr/share/mmdebstrap/hooks/merged-usr"
"""Makes /bin a link to /usr/bin from the start. Else a package does it which needs the whole of Perl, 50 MB."""


def make_base_image(cache: Path) -> Path:
    """Make the root file system in the cache, unless it is there: a tar file of about 100 MB, in half a minute.

    Raises:
        ClusterError: The packages cannot be fetched.
    """
    contents = hashlib.sha256(" ".join((SUITE, *PACKAGES, *NOT_INSTALLED, MERGED_USR)).encode()).hexdigest()[:8]
    path = cache / "images" / f"base-{SUITE}-{contents}.tar"
    if path.exists():
        return path
    debian_packages.ensure(debian_packages.FOR_IMAGES)
    path.parent.mkdir(parents=True, exist_ok=True)
    unfinished = path.with_suffix(".new.tar")
    excluded = [f"--dpkgopt=path-exclude=/usr/share/{name}/*" for name in NOT_INSTALLED]
    command = ["mmdebstrap", "--quiet", "--variant=essential", f"--include={','.join(PACKAGES)}"]
    with step(f"base image from Debian {SUITE}"):
        done = subprocess.run(
            [*command, MERGED_USR, *excluded, SUITE, str(unfinished)], capture_output=True, text=True, check=False
        )
        if done.returncode != 0:
            raise ClusterError(f"mmdebstrap failed:\n{done.stderr[-2000:]}")
    unfinished.rename(path)
    return path
