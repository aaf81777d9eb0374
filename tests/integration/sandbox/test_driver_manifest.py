"""The driver's manifest of the embedded cluster is what the chart gives. Needs helm; `make e2e` builds one."""

from __future__ import annotations

import os
import shutil
import subprocess
from pathlib import Path

import pytest
from dra_core.snapshot.generation import Generation
from dra_core.snapshot.json_value import list_at, text_at
from dra_sandbox.files import driver_manifest
from dra_sandbox.kubelet.images import DRIVER, image_for
from dra_sandbox.manifests import objects_in, objects_of
from dra_sandbox.world.objects import kind_of, name_of, objects_at

CHART = Path(__file__).parents[3] / "helm" / "dra-example-driver"
BUILT_HERE = Path.home() / ".cache" / "drakit" / "bin" / "helm"  # where demo/clusters/local keeps what it builds
HELM = os.environ.get("HELM") or shutil.which("helm", path=f"{os.environ.get('PATH', '')}:{BUILT_HERE}")
NAMESPACE = "dra-example-driver"


VERSIONS: dict[Generation, str] = {"modern": "1.37.2", "classic": "1.30.14"}


@pytest.mark.skipif(HELM is None, reason="there is no helm")
@pytest.mark.parametrize("generation", ["modern", "classic"])
def test_the_manifest_is_what_the_chart_renders(generation: Generation) -> None:
    chart = (NAMESPACE, str(CHART), "--namespace", NAMESPACE, "--include-crds", "--set", f"apiGeneration={generation}")
    command = (HELM or "helm", "template", *chart, "--kube-version", VERSIONS[generation])
    rendered = subprocess.run(command, capture_output=True, text=True, check=True, timeout=60).stdout
    namespace, *objects = objects_in(driver_manifest(generation))
    assert (kind_of(namespace), name_of(namespace)) == ("Namespace", NAMESPACE)
    assert objects == list(objects_of(rendered)), "run demo/clusters/sandbox/render.sh"


@pytest.mark.parametrize("generation", ["modern", "classic"])
def test_the_sandbox_knows_the_drivers_image_and_its_programs(generation: Generation) -> None:
    workloads = [
        item for item in objects_in(driver_manifest(generation)) if item["kind"] in ("DaemonSet", "Deployment")
    ]
    containers = [item for value in workloads for item in objects_at(value, "spec", "template", "spec", "containers")]
    assert all(image_for(text_at(container, "image")) is DRIVER for container in containers)
    assert {str(list_at(container, "command")[0]) for container in containers} == set(DRIVER.programs)
