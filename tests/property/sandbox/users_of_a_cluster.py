"""What users do with pods and claims while the parts of a cluster work, in either generation."""

from __future__ import annotations

from dra_core.snapshot.json_value import JsonObject, text_at
from dra_sandbox.apiserver.server import ApiServer
from dra_sandbox.world.api import Api
from dra_sandbox.world.objects import CLAIM, POD, World
from dra_sandbox.world.writes import Create, delete, patch
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, precondition, rule


class UsersOfACluster(RuleBasedStateMachine):
    """Deletes and finishes; how pods and claims are made is the generation's own. ``server`` is set before anything."""

    server: ApiServer

    def __init__(self) -> None:
        super().__init__()
        self.api = Api(self.server, "test")
        self.names = 0

    @property
    def world(self) -> World:
        return self.server.world()[1]

    def create(self, *objects: JsonObject) -> None:
        assert self.api.carry_out([Create(body=value) for value in objects], all_or_stop=True) is None

    def new_name(self, kind: str) -> str:
        self.names += 1
        return f"{kind}{self.names}"

    @precondition(lambda self: self.world.all(POD))
    @rule(data=st.data())
    def delete_pod(self, data: st.DataObject) -> None:
        self.api.carry_out([delete(data.draw(st.sampled_from(self.world.all(POD))))])

    @precondition(lambda self: self.world.all(CLAIM))
    @rule(data=st.data())
    def delete_claim(self, data: st.DataObject) -> None:
        self.api.carry_out([delete(data.draw(st.sampled_from(self.world.all(CLAIM))))])

    @precondition(lambda self: any(text_at(pod, "status", "phase") == "Running" for pod in self.world.all(POD)))
    @rule(data=st.data(), how=st.sampled_from(["Succeeded", "Failed"]))
    def finish_pod(self, data: st.DataObject, how: str) -> None:
        running = [pod for pod in self.world.all(POD) if text_at(pod, "status", "phase") == "Running"]
        done = data.draw(st.sampled_from(running))
        self.api.carry_out([patch(done, {"status": {"phase": how}}, "status")])
