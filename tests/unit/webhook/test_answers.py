"""A bug in one review is answered, told and counted, and stays with that review."""

from __future__ import annotations

from dra_core.profiles import GpuProfile
from dra_core.profiles.profile import Configure
from dra_core.refusal import Refusals
from dra_core.snapshot.json_value import Json
from dra_webhook.answers import REVIEW, Answer, Answers
from dra_webhook.metrics import Metrics
from returns.result import Result

from tests.unit.admission.reviews import gpu_config, opaque, review, text
from tests.unit.logs.kept import KeptLog


class WithBug(GpuProfile, frozen=True):
    """A driver's author made a mistake."""

    def read_configuration(self, parameters: Json) -> Result[Configure, Refusals]:
        if parameters == {}:
            raise KeyError("kind")
        return super().read_configuration(parameters)


def test_a_bug_in_one_review_stays_with_it() -> None:
    log, metrics = KeptLog(), Metrics()
    answers = Answers("gpu.example.com", WithBug(), metrics, log)

    def ask(parameters: Json) -> Answer:
        return answers.answer("POST", REVIEW, "application/json", text(review([opaque(parameters)])))

    assert [ask(each).status for each in ({}, gpu_config())] == [500, 200]
    assert log.said == ["a bug", "allowed"]
    assert b"kind" not in ask({}).body, "what the log tells is not for clients"
    counted = metrics.registry.get_sample_value("dra_example_webhook_reviews_total", {"result": "failed"})
    assert counted == 2
