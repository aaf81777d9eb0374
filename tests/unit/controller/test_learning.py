"""What watches tell: before a node's state that was made anew, the claims of now."""

from __future__ import annotations

from dra_controller.classic.known_cluster import KnownCluster
from dra_controller.classic.learning import Learning
from dra_core.negotiation import Concerned
from dra_core.snapshot.json_value import JsonObject, object_at

from tests.property.negotiation.classic_api import ClassicApi
from tests.property.negotiation.cluster_side import DRIVER, NAMESPACE, ClusterSide
from tests.unit.apiserver.scripted_server import Answer, ScriptedServer
from tests.unit.apiserver.test_client import client
from tests.unit.logs.kept import KeptLog


class Scene:
    """A state and a claim that have not been seen yet; and how many claims were known when somebody was told of it."""

    def __init__(self, server: ScriptedServer) -> None:
        side = ClusterSide(ClassicApi())
        side.node_comes("node-a")
        (self.state,) = side.api.all_of("NodeAllocationState")
        self.claim = side.create_claim("claim")
        self.log = KeptLog()
        self.claims_known: list[int] = []
        self.known = KnownCluster(DRIVER, self.told)
        self.learning = Learning(client(server.url), self.known, self.log)

    def told(self, _: Concerned) -> None:
        if self.known.now.node_states:
            self.claims_known.append(len(self.known.now.claims))


def listing(*objects: JsonObject) -> Answer:
    return Answer(body={"metadata": {"resourceVersion": "100"}, "items": list(objects)})


def test_claims_are_read_before_a_state_that_was_made_anew_is_believed() -> None:
    with ScriptedServer(listing()) as server:
        server_claim = Scene(server).claim
    with ScriptedServer(listing(server_claim)) as server:
        scene = Scene(server)
        scene.learning.listed("NodeAllocationState", [scene.state])
        assert [seen.path.partition("?")[0] for seen in server.seen] == [
            "/apis/resource.k8s.io/v1alpha2/resourceclaims"
        ]
        assert (NAMESPACE, "claim") in scene.known.now.claims
        assert scene.claims_known[0] == 1, "nobody was told of the state before"


def test_a_state_that_is_known_is_believed_as_it_comes() -> None:
    with ScriptedServer(listing()) as server:
        scene = Scene(server)
        scene.learning.changed("NodeAllocationState", scene.state)
        newer = {**object_at(scene.state, "metadata"), "resourceVersion": "99"}
        scene.learning.changed("NodeAllocationState", {**scene.state, "metadata": newer})
        scene.learning.gone("NodeAllocationState", scene.state)
        assert len(server.seen) == 1
        assert not scene.known.now.node_states


def test_claims_that_cannot_be_read_are_told() -> None:
    with ScriptedServer(Answer(status=403, body="forbidden")) as server:
        scene = Scene(server)
        scene.learning.listed("NodeAllocationState", [scene.state])
        assert scene.log.said == ["claims could not be read"]
        assert scene.known.now.node_states
