"""Every example of demo/examples shows on the embedded cluster what it promises, and leaves nothing behind."""

from __future__ import annotations

import io
from collections.abc import Callable

import msgspec
import pytest
from dra_sandbox.cluster import Sandbox, TimeOutError
from dra_sandbox.demo import story
from dra_sandbox.demo.expectations import EXPECTATIONS, Expectation, Group
from dra_sandbox.demo.screen import Screen
from dra_sandbox.demo.story import Seen, show_example
from dra_sandbox.world.objects import World
from rich.console import Console

from tests.integration.controller.over_http import eventually
from tests.integration.sandbox.workloads import cdi_files, claim_spec, event_of, pod, pod_spec, template, wait_ready


@pytest.mark.parametrize("name", EXPECTATIONS)
def test_an_example_shows_what_it_should(cluster: Sandbox, name: str) -> None:
    output = io.StringIO()
    assert show_example(cluster, EXPECTATIONS[name], "1/1", Screen(Console(file=output, width=100))), output.getvalue()
    shown = output.getvalue()
    for place in EXPECTATIONS[name].containers:
        assert f"{'/'.join(place)}  " in shown
    assert "Running" in shown
    assert "GPU_DEVICE_" in shown
    assert cdi_files(cluster) == set()


def test_an_expectation_that_fails_is_told_and_the_example_is_deleted_all_the_same(
    cluster: Sandbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Patience ends when the container has printed, and the node's state is written."""
    told = ("pod0/ctr0: sees 4 GPUs, 3 are expected",)

    def until_told(look: Callable[[], tuple[Seen, tuple[str, ...]]]) -> tuple[Seen, tuple[str, ...]]:
        return eventually(lambda: found if (found := look())[1] == told else None, f"only {told}")

    monkeypatch.setattr(story, "without_faults", until_told)
    output = io.StringIO()
    wanted = msgspec.structs.replace(EXPECTATIONS["four-gpus"], groups=(Group(containers=(("pod0", "ctr0"),), gpus=3),))
    assert not show_example(cluster, wanted, "1/1", Screen(Console(file=output, width=100)))
    assert "FAULT pod0/ctr0: sees 4 GPUs, 3 are expected" in output.getvalue()
    assert cdi_files(cluster) == set()


def test_an_example_that_cannot_run_is_told_with_the_clusters_own_words(
    cluster: Sandbox, where: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    def until_refused(world: World, wanted: Expectation) -> bool:
        if event_of(world, wanted.name, "pod0", "FailedScheduling"):
            raise TimeOutError("patience has ended")
        return False

    monkeypatch.setattr(story, "all_ready", until_refused)
    cluster.create([template(where, "all", claim_spec(8)), pod(where, "p", pod_spec(templates=["all"]))])
    wait_ready(cluster, where, "p")
    output = io.StringIO()
    assert not show_example(cluster, EXPECTATIONS["four-gpus"], "1/1", Screen(Console(file=output, width=200)))
    assert "FAULT pod pod0 is not ready" in output.getvalue()
    assert "FAULT pod0: FailedScheduling: 0/1 nodes are available: 1 cannot allocate all claims." in output.getvalue()
