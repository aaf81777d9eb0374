"""Every example of demo/examples shows on the embedded cluster what it promises, and leaves nothing behind."""

from __future__ import annotations

import io

import pytest
from dra_sandbox.cluster import Sandbox
from dra_sandbox.demo.expectations import EXPECTATIONS
from dra_sandbox.demo.screen import Screen
from dra_sandbox.demo.story import show_example
from rich.console import Console

from tests.integration.sandbox.workloads import cdi_files


@pytest.mark.parametrize("name", EXPECTATIONS)
def test_an_example_shows_what_it_should(cluster: Sandbox, name: str) -> None:
    output = io.StringIO()
    assert show_example(cluster, EXPECTATIONS[name], "1/1", Screen(Console(file=output, width=100))), output.getvalue()
    shown = output.getvalue()
    for pod, container in EXPECTATIONS[name].containers:
        assert f"{pod}/{container}  " in shown
    assert "Running" in shown
    assert "GPU_DEVICE_" in shown
    assert cdi_files(cluster) == set()
