"""The clusters of this machine: each has a folder with a description; two never have the same index."""

from __future__ import annotations

import fcntl
import json
import os
import re
from collections.abc import Collection, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from .layout import Layout
from .progress import ClusterError

FOLDER = Path("/var/lib/drakit")
"""Short on purpose: unix sockets of plugins lie three folders deeper, and their paths end at 107 bytes."""

LOCKS = Path("/run/lock")
ALL = ".all"  # no cluster's name

INDEXES = range(100)
NAME = re.compile(r"[a-z0-9]([-a-z0-9]{0,18}[a-z0-9])?")
"""A DNS label, at most 20 characters: it becomes part of the node's name and of socket paths."""


@dataclass(frozen=True, slots=True)
class Description:
    """What `up` was told, kept for the commands that follow.

    Attributes:
        name: The cluster's name.
        version: Kubernetes version, e.g. ``1.37.2``.
        index: See Layout.
        feature_gates: Gates that the user asked for, beyond those that the version needs anyway.
    """

    name: str
    version: str
    index: int
    feature_gates: Mapping[str, bool]

    def layout(self, folder: Path = FOLDER) -> Layout:
        """Where everything of this cluster is."""
        return Layout(self.name, self.version, self.index, folder / self.name, cache())


def cache() -> Path:
    """Where built programs and images are kept, for all clusters of a user."""
    return Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "drakit"


def known(folder: Path = FOLDER) -> list[Description]:
    """All clusters that are up, half up, or half down, by name."""
    found = (read(path.parent.name, folder) for path in sorted(folder.glob("*/cluster.json")))
    return [description for description in found if description is not None]


def read(name: str, folder: Path = FOLDER) -> Description | None:
    """The description of a cluster, or None if there is no such cluster."""
    try:
        value = json.loads((folder / name / "cluster.json").read_text())
        return Description(name, str(value["version"]), int(value["index"]), dict(value["featureGates"]))
    except FileNotFoundError:
        return None
    except (ValueError, KeyError, TypeError) as error:
        raise ClusterError(f"{folder / name / 'cluster.json'} is not what `cluster up` wrote ({error})") from error


def enter(
    name: str, version: str, gates: Mapping[str, bool], taken: Collection[int], folder: Path = FOLDER
) -> Description:
    """Give a new cluster its index and write its description, or return the one that is there.

    Args:
        name: Of the cluster.
        version: Of Kubernetes.
        gates: Asked for by the user.
        taken: Indexes that something else on this machine uses.
        folder: Where the clusters are.

    Raises:
        ClusterError: The name cannot be used, or the cluster is there with another version or other gates.
    """
    if not NAME.fullmatch(name):
        raise ClusterError(f"{name!r} cannot be a cluster's name: at most 20 of a-z, 0-9 and -, not - at an end")
    with locked(ALL):
        found = read(name, folder)
        if found is not None:
            _same(found, version, gates)
            return found
        used = {cluster.index for cluster in known(folder)} | set(taken)
        index = next((number for number in INDEXES if number not in used), None)
        if index is None:
            raise ClusterError(f"there are {len(INDEXES)} clusters already")
        (folder / name).mkdir(parents=True, exist_ok=True)
        unfinished = folder / name / "cluster.json.new"
        unfinished.write_text(json.dumps({"version": version, "index": index, "featureGates": dict(gates)}))
        unfinished.rename(folder / name / "cluster.json")
        return Description(name, version, index, gates)


def _same(found: Description, version: str, gates: Mapping[str, bool]) -> None:
    if found.version != version:
        raise ClusterError(
            f"cluster {found.name!r} is Kubernetes {found.version}: take it down first, or choose another --name"
        )
    if gates and dict(found.feature_gates) != dict(gates):
        raise ClusterError(f"cluster {found.name!r} is up with other feature gates: take it down first")


@contextmanager
def locked(name: str) -> Iterator[None]:
    """Keep others out who do the same: with the cluster of that name, or with ALL of them."""
    LOCKS.mkdir(parents=True, exist_ok=True)
    with (LOCKS / f"drakit-{name}.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield
