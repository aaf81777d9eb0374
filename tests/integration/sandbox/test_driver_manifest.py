"""The driver's manifest of the embedded cluster is what the chart gives. Needs helm; `make e2e` builds one."""

from __future__ import annotations

import os
import shutil
import subprocess
from pathlib import Path

import pytest
from dra_core.snapshot.json_value import text_at
from dra_sandbox.files import driver_manifest
from dra_sandbox.kubelet.images import DRIVER, image_for
from dra_sandbox.manifests import objects_in, objects_of
from dra_sandbox.world.objects import kind_of, name_of, objects_at

CHART = Path(__file__).parents[3] / "helm" / "dra-example-driver"
BUILT_HERE = Path.home() / ".cache" / "drakit" / "bin" / "helm"  # where demo/clusters/local keeps what it builds
HELM = os.environ.get("HELM") or shutil.which("helm", path=f"{os.environ.get('PATH', '')}:{BUILT_HERE}")
NAMESPACE = "dra-example-driver"


@pytest.mark.skipif(HELM is None, reason="there is no helm")
def test_the_manifest_is_what_the_chart_renders() -> None:
    command = (HELM or "helm", "template", NAMESPACE, str(CHART), "--namespace", NAMESPACE, "--kube-version", "1.37.2")
    rendered = subprocess.run(command, capture_output=True, text=True, check=True, timeout=60).stdout
    namespace, *objects = objects_in(driver_manifest())
    assert (kind_of(namespace), name_of(namespace)) == ("Namespace", NAMESPACE)
    assert objects == list(objects_of(rendered)), "run demo/clusters/sandbox/render.sh"


def test_the_sandbox_knows_the_drivers_image() -> None:
    (daemon_set,) = (item for item in objects_in(driver_manifest()) if item["kind"] == "DaemonSet")
    (container,) = objects_at(daemon_set, "spec", "template", "spec", "containers")
    assert image_for(text_at(container, "image")) is DRIVER
