"""One look: which requests it costs, and that a fault of one subject is nobody else's."""

from __future__ import annotations

import json

from dra_controller.classic.carrying_out import CarryingOut
from dra_controller.classic.known_cluster import KnownCluster
from dra_controller.classic.looking import Looking
from dra_controller.metrics import Metrics
from dra_controller.work_queue import WorkQueue
from dra_controller.workers import look_at_all
from dra_core.negotiation import Subject
from dra_core.snapshot.json_value import Json, JsonObject

from tests.property.negotiation.classic_api import ClassicApi
from tests.property.negotiation.cluster_side import DRIVER, NAMESPACE, ClusterSide
from tests.property.negotiation.controller_side import WATCHED
from tests.unit.apiserver.scripted_server import Answer, ScriptedServer
from tests.unit.apiserver.test_client import client
from tests.unit.logs.kept import KeptLog


class Worker:
    """One worker of a controller that has seen everything, with an API server that answers by script."""

    def __init__(self, server: ScriptedServer, side: ClusterSide, api: ClassicApi) -> None:
        self.log = log = KeptLog()
        self.queue: WorkQueue[Subject] = WorkQueue()
        known = KnownCluster(DRIVER, lambda _: None)
        for kind in WATCHED:
            known.learn_all(kind, side.api.all_of(kind))
        self.metrics = metrics = Metrics()
        access = client(server.url)
        out = CarryingOut(access, DRIVER, "driver", "me", log)
        self.looking = Looking(access, known, out, self.queue, metrics, log)
        self.api = api

    def look_at(self, *subjects: Subject) -> None:
        """At these, and at nothing that follows from them."""
        for subject in subjects:
            self.queue.add(subject)
        took, left = self.queue.take, [*subjects]

        def take() -> Subject | None:
            return took() if left and left.pop() else None

        self.queue.take = take  # type: ignore[method-assign]  # so that the worker ends
        look_at_all(self.queue, self.looking.look, lambda subject: subject[0], self.metrics, self.log)

    def events(self) -> list[str]:
        return self.log.said


def test_18_a_look_asks_for_no_node() -> None:
    """The pod is read; 128 nodes are judged by what is known; two are told why none does; the answer is one write."""
    api = ClassicApi()
    side = ClusterSide(api, gpus=1)
    for number in range(128):
        side.node_comes(f"node-{number}")
    side.create_parameters("two", {"count": 2})
    pod = side.create_pod("pod", ["two"])
    side.schedule("pod")
    context = api.get("PodSchedulingContext", (NAMESPACE, "pod"))
    assert context is not None
    with ScriptedServer(Answer(body=pod), Answer(), Answer(), Answer(body=_answered(context))) as server:
        worker = Worker(server, side, api)
        worker.look_at(("PodSchedulingContext", (NAMESPACE, "pod")))
        asked = [(seen.method, seen.path.rpartition("/")[2]) for seen in server.seen]
        assert asked == [("GET", "pod"), ("POST", "events"), ("POST", "events"), ("PATCH", "status")]
        written = json.loads(server.seen[3].body)["status"]["resourceClaims"][0]["unsuitableNodes"]
        assert len(written) == 128


def _answered(context: JsonObject) -> JsonObject:
    """As the API server gives it back: later, and with every node unsuitable."""
    nodes: Json = [f"node-{number}" for number in sorted(range(128), key=lambda number: f"node-{number}")]
    meta = context["metadata"]
    assert isinstance(meta, dict)
    status: JsonObject = {"resourceClaims": [{"name": "own-0", "unsuitableNodes": nodes}]}
    return {**context, "metadata": {**meta, "resourceVersion": "99999"}, "status": status}


def test_a_claim_that_cannot_be_written_holds_no_other_up() -> None:
    api = ClassicApi()
    side = ClusterSide(api)
    side.node_comes("node-a")
    for name in ("first", "second"):
        side.create_claim(name, mode="Immediate")
    with ScriptedServer(Answer(status=500, body="out of order"), Answer(status=500, body="out of order")) as server:
        worker = Worker(server, side, api)
        worker.look_at(("ResourceClaim", (NAMESPACE, "first")), ("ResourceClaim", (NAMESPACE, "second")))
        assert [seen.path.rpartition("/")[2] for seen in server.seen[:2]] == ["first", "second"]
        assert worker.events()[:2] == ["a write failed; deciding again"] * 2
