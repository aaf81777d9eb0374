"""The chart as helm renders it: with the helm that is on the PATH, $HELM, or built by demo/clusters/local."""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Sequence
from pathlib import Path

import yaml
from dra_core.snapshot.json_value import JsonObject, list_at, text_at

CHART = Path(__file__).parents[3] / "helm" / "dra-example-driver"
BUILT_HERE = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "drakit" / "bin" / "helm"
HELM = os.environ.get("HELM") or shutil.which("helm", path=f"{os.environ.get('PATH', '')}:{BUILT_HERE}") or ""
RELEASE = "dra-example-driver"

MODERN = ("--kube-version", "1.37.2")
CLASSIC = ("--kube-version", "1.30.14", "--api-versions", "resource.k8s.io/v1alpha2")
"""As helm sees a server of that version. Without one it takes for served what its own client library knows."""


def helm(*arguments: str) -> subprocess.CompletedProcess[str]:
    """Run helm."""
    return subprocess.run([HELM, *arguments], capture_output=True, text=True, timeout=60)


def render(*values: str, server: Sequence[str] = MODERN) -> list[JsonObject]:
    """All objects of the chart; ``values`` are ``KEY=VALUE``."""
    settings = [argument for value in values for argument in ("--set", value)]
    done = helm("template", RELEASE, str(CHART), "--namespace", RELEASE, *server, *settings)
    assert done.returncode == 0, done.stderr
    return [item for item in yaml.safe_load_all(done.stdout) if item]


def one(objects: list[JsonObject], kind: str) -> JsonObject:
    """The only object of a kind."""
    (found,) = [item for item in objects if item["kind"] == kind]
    return found


def container(objects: list[JsonObject], kind: str = "DaemonSet") -> JsonObject:
    """The only container of the pods that the only object of a kind makes."""
    (found,) = list_at(one(objects, kind), "spec", "template", "spec", "containers")
    assert isinstance(found, dict)
    return found


def environment(objects: list[JsonObject], kind: str = "DaemonSet") -> dict[str, str]:
    """Its variables; "" for one whose value comes from elsewhere."""
    entries = (item for item in list_at(container(objects, kind), "env") if isinstance(item, dict))
    return {text_at(item, "name"): text_at(item, "value") for item in entries}


def refused(*arguments: str) -> str:
    """What helm says to somebody whose values are wrong."""
    done = helm("template", RELEASE, str(CHART), *arguments)
    assert done.returncode != 0
    return done.stderr
