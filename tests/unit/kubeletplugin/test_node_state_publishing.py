"""What a classic node's state says at the end: NotReady, whatever the loop was about to write."""

from __future__ import annotations

import threading

from dra_core.nodestate.publishing import ChangeNodeState, NodeStateEffect
from dra_core.preparation import DriverOnNode
from dra_core.profiles.classic_gpu import ClassicGpuProfile
from dra_core.snapshot.json_value import Json, JsonObject, object_at
from dra_kubeletplugin.device_health import DeviceHealthWatch
from dra_kubeletplugin.metrics import Metrics
from dra_kubeletplugin.node_state_publishing import ClassicNodeState
from dra_kubeletplugin.node_states import NodeStates
from dra_logs import log_to_stderr

LOG = log_to_stderr("error", "json")


class HeldStates(NodeStates):
    """A state in memory; the first look waits until it is let go."""

    def __init__(self) -> None:
        self.status, self.spec = "NotReady", dict[str, Json]()
        self.happened: list[str] = []
        self.looks, self.let_go = threading.Event(), threading.Event()

    def node_uid(self) -> str:
        return "uid"

    def found(self) -> JsonObject | None:
        if not self.looks.is_set():
            self.looks.set()
            assert self.let_go.wait(60)
        return {"metadata": {"name": "node-1"}, "spec": self.spec, "status": self.status}

    def carry_out(self, effect: NodeStateEffect) -> None:
        assert isinstance(effect, ChangeNodeState)
        self.status = str(effect.patch["status"])
        self.happened.append(self.status)
        self.spec = {**self.spec, **object_at(effect.patch, "spec")}


def test_a_look_that_is_under_way_when_it_stops_does_not_say_ready_afterwards() -> None:
    profile = ClassicGpuProfile(count=0)
    pools = profile.enumerate("node-1")
    driver = DriverOnNode(
        driver_name="gpu.example.com", node_name="node-1", profile=profile, pools=pools, cdi_root="/cdi"
    )
    states = HeldStates()
    health = DeviceHealthWatch(pools, dict, Metrics(), LOG)
    publishing = ClassicNodeState(states, driver, "default", health, dict, LOG)
    (run,) = publishing.loops()

    def stop() -> None:
        publishing.stop()
        states.happened.append("stopped")

    loop, end = threading.Thread(target=run), threading.Thread(target=stop)
    loop.start()
    assert states.looks.wait(60)
    end.start()
    end.join(0.5)  # time for an end that does not wait for the loop; one that waits needs none
    states.let_go.set()
    loop.join(60)
    end.join(60)
    assert not loop.is_alive()
    assert not end.is_alive()
    assert states.happened[-2:] == ["NotReady", "stopped"], "the process may end at any moment from then on"
