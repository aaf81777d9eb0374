"""What the kubelet checks before and after it calls a driver, and what it writes down."""

from __future__ import annotations

import msgspec
from dra_core.snapshot.json_value import Json, JsonObject, at
from dra_sandbox.kubelet.plugin_instances import Instances, PluginInfo, classic_instance_from, instance_from
from dra_sandbox.kubelet.prepared_claims import (
    PREPARE,
    UNPREPARE,
    HeldClaim,
    PreparedDevice,
    answered,
    calls,
    check,
    decode_checkpoint,
    devices_of_container,
    encode_checkpoint,
    entries_of,
    hold,
    last_of_pod,
    let_go,
    reply_faults,
)
from dra_sandbox.world.objects import with_fields
from returns.result import Failure, Success


def pod(name: str = "pod") -> JsonObject:
    return {
        "metadata": {"name": name, "namespace": "ns", "uid": name},
        "spec": {"resourceClaims": [{"name": "gpu", "resourceClaimName": "claim"}]},
    }


def claim(uid: str = "u1", users: tuple[str, ...] = ("pod",), *, allocated: bool = True, **result: Json) -> JsonObject:
    device: JsonObject = {"driver": "gpu.example.com", "pool": "node", "device": "gpu-0", "request": "r", **result}
    status: JsonObject = {"allocation": {"devices": {"results": [device]}}} if allocated else {}
    reserved: list[Json] = [{"resource": "pods", "name": user, "uid": user} for user in users]
    return {"metadata": {"name": "claim", "namespace": "ns", "uid": uid}, "status": {**status, "reservedFor": reserved}}


DRIVERS = frozenset({"gpu.example.com"})


def held(value: JsonObject | None = None) -> dict[str, HeldClaim]:
    return dict(hold({}, check(pod(), {"claim": value or claim()}, {}, DRIVERS).unwrap()))


def problem(
    value: JsonObject | None, drivers: frozenset[str] = DRIVERS, known: dict[str, HeldClaim] | None = None
) -> str:
    match check(pod(), {"claim": value}, known or {}, drivers):
        case Failure(text):
            return str(text)
        case _:
            return ""


def test_nothing_is_called_before_everything_holds() -> None:
    assert problem(claim()) == ""
    assert problem(None) == "fetch ResourceClaim ns/claim referenced by pod claim gpu: not found"
    assert problem(claim(allocated=False)) == "ResourceClaim ns/claim: not allocated"
    assert problem(claim(users=("other",))) == "ResourceClaim ns/claim: not reserved for pod pod (pod)"
    assert problem(claim(), frozenset()) == "ResourceClaim ns/claim: DRA driver gpu.example.com is not registered"
    assert problem(claim("u2"), known=held()) == (
        "ResourceClaim ns/claim: old ResourceClaim with same name claim and different UID u1 still exists"
    )


def test_a_claim_from_a_template_is_waited_for() -> None:
    waiting: JsonObject = {**pod(), "spec": {"resourceClaims": [{"name": "gpu", "resourceClaimTemplateName": "t"}]}}
    assert isinstance(check(waiting, {}, {}, DRIVERS), Failure)
    made: JsonObject = {"name": "gpu", "resourceClaimName": "claim"}
    recorded: JsonObject = {**waiting, "status": {"resourceClaimStatuses": [made]}}
    match check(recorded, {"claim": claim()}, {}, DRIVERS):
        case Failure(text):
            assert "was not created for the pod" in str(text)
        case _:
            raise AssertionError("a claim of somebody else was taken")
    owned = with_fields(claim(), ("metadata",), {"ownerReferences": [{"uid": "pod", "controller": True}]})
    assert isinstance(check(recorded, {"claim": owned}, {}, DRIVERS), Success)


def test_claims_that_no_container_uses_are_prepared_since_kubernetes_1_31_only() -> None:
    assert isinstance(check(pod(), {"claim": None}, {}, frozenset()), Failure)
    entry: JsonObject = {"name": "gpu", "source": {"resourceClaimName": "claim"}}
    idle = with_fields(pod(), ("spec",), {"resourceClaims": [entry]})
    assert check(idle, {"claim": None}, {}, frozenset()) == Success(())
    early: JsonObject = {"name": "init", "resources": {"claims": [{"name": "gpu"}]}}
    used = with_fields(idle, ("spec",), {"initContainers": [early]})
    assert len(check(used, {"claim": claim()}, {}, DRIVERS).unwrap()) == 1


def test_a_classic_claim_has_a_handle_for_each_driver() -> None:
    """resource.k8s.io/v1alpha2: without a handle, the claim's own driver is called with an empty one."""

    def drivers(*handles: JsonObject) -> dict[str, str]:
        status: JsonObject = {
            "driverName": "a.example.com",
            "allocation": {"resourceHandles": list(handles)},
            "reservedFor": [{"resource": "pods", "name": "pod", "uid": "pod"}],
        }
        registered = frozenset({"a.example.com", "b.example.com"})
        (found,) = check(pod(), {"claim": {**claim(), "status": status}}, {}, registered).unwrap()
        return {driver: part.handle for driver, part in found.drivers.items()}

    assert drivers() == {"a.example.com": ""}
    assert drivers({"data": "x"}, {"driverName": "b.example.com", "data": "y"}) == {
        "a.example.com": "x",
        "b.example.com": "y",
    }


def test_a_pod_of_kubernetes_1_30_names_its_claims_in_a_source() -> None:
    def entries(source: JsonObject) -> dict[str, str]:
        return dict(entries_of(with_fields(pod(), ("spec",), {"resourceClaims": [{"name": "gpu", "source": source}]})))

    assert entries({"resourceClaimName": "claim"}) == {"gpu": "claim"}
    assert entries({"resourceClaimTemplateName": "t"}) == {"gpu": ""}


def test_a_driver_is_not_called_for_what_its_devices_skip() -> None:
    """skipNodeOperations: with both skipped, no plugin is needed at all."""
    nothing = claim(skipNodeOperations=["*"])
    assert problem(nothing, frozenset()) == ""
    claims = tuple(held(nothing).values())
    assert (calls(claims, PREPARE), calls(claims, UNPREPARE)) == ({}, {})
    prepare_only = tuple(held(claim(skipNodeOperations=[UNPREPARE])).values())
    assert list(calls(prepare_only, PREPARE)) == ["gpu.example.com"]
    assert calls(prepare_only, UNPREPARE) == {}


def test_the_last_pod_gives_a_claim_back() -> None:
    both = claim(users=("pod", "pod2"))
    state = hold(held(both), check(pod("pod2"), {"claim": both}, {}, DRIVERS).unwrap())
    assert last_of_pod(state, "pod") == ()
    state = let_go(state, "pod")
    assert [item.uid for item in last_of_pod(state, "pod2")] == ["u1"]
    assert let_go(state, "pod2") == {}


def test_replies_have_to_name_every_claim_and_no_other() -> None:
    asked = tuple(held().values())
    assert reply_faults(asked, {"u1": ""}, PREPARE) == ""
    assert reply_faults(asked, {}, PREPARE) == "NodePrepareResources skipped claim claim (u1)"
    assert reply_faults(asked, {"u1": "no disk"}, PREPARE).endswith("failed for ResourceClaim claim: no disk")
    assert "not asked for: u9" in reply_faults(asked, {"u1": "", "u9": ""}, PREPARE)


def test_a_container_sees_the_devices_of_the_request_that_it_names() -> None:
    devices = (
        PreparedDevice(request_names=("a",), device="gpu-0", cdi_ids=("x=0",)),
        PreparedDevice(request_names=("b",), device="gpu-1", cdi_ids=("x=1",)),
        PreparedDevice(device="common", cdi_ids=("x=c",)),
    )
    state = answered(held(), "gpu.example.com", {"u1": devices})

    def ids(*wanted: JsonObject) -> list[str]:
        container: JsonObject = {"resources": {"claims": list(wanted)}}
        return [name for *_, device in devices_of_container(state, pod(), container) for name in device.cdi_ids]

    assert ids({"name": "gpu"}) == ["x=0", "x=1", "x=c"]
    assert ids({"name": "gpu", "request": "b"}) == ["x=1", "x=c"]
    assert ids() == []


def test_the_checkpoint_keeps_all_and_says_when_it_is_damaged() -> None:
    state = answered(held(), "gpu.example.com", {"u1": (PreparedDevice(device="gpu-0", share_id="s"),)})
    content = encode_checkpoint(state)
    assert decode_checkpoint(content).unwrap() == state
    assert isinstance(decode_checkpoint(content.replace(b"gpu-0", b"gpu-1")), Failure)
    assert isinstance(decode_checkpoint(content[:-2]), Failure)
    assert at(msgspec.json.decode(content), "format") == 1


def info(versions: tuple[str, ...], **changes: str) -> PluginInfo:
    whole = {"type": "DRAPlugin", "name": "gpu.example.com", "endpoint": "/dra.sock", **changes}
    return PluginInfo(type=whole["type"], name=whole["name"], endpoint=whole["endpoint"], supported_versions=versions)


def test_registration_takes_the_first_service_of_the_plugins_list_that_is_known() -> None:
    chosen = instance_from(info(("v2.DRAPlugin", "v1beta1.DRAPlugin", "v1.DRAPlugin")), "/reg", Instances()).unwrap()
    assert (chosen.dra_service, chosen.health_service) == ("v1beta1.DRAPlugin", "")
    healthy = instance_from(
        info(("v1.DRAPlugin", "v1alpha1.DRAResourceHealth", "v1.DRAResourceHealth")), "/reg", Instances()
    ).unwrap()
    assert (healthy.dra_service, healthy.health_service) == ("v1.DRAPlugin", "v1.DRAResourceHealth")


def test_registration_refuses_what_it_cannot_use() -> None:
    known = Instances().registered(instance_from(info(("v1.DRAPlugin",)), "/old", Instances()).unwrap())
    for wrong in (
        info(()),
        info(("v3",)),
        info(("v1.DRAPlugin",), name="No Name"),
        info(("v1.DRAPlugin",), type="CSI"),
    ):
        assert isinstance(instance_from(wrong, "/reg", Instances()), Failure)
    assert isinstance(instance_from(info(("v1.DRAPlugin",)), "/reg", known), Failure)  # the same endpoint twice


def test_the_newest_connected_instance_is_called_and_the_older_one_steps_in() -> None:
    old = instance_from(info(("v1.DRAPlugin",), endpoint="/old"), "/old-reg", Instances()).unwrap()
    new = instance_from(info(("v1.DRAPlugin",), endpoint="/new"), "/new-reg", Instances()).unwrap()
    both = Instances().registered(old).registered(new)
    both = both.connection_changed("/old", True).connection_changed("/new", True)

    def called(instances: Instances) -> str:
        chosen = instances.chosen("gpu.example.com")
        return chosen.endpoint if chosen else ""

    assert called(both) == "/new"
    assert called(both.connection_changed("/new", False)) == "/old"
    assert called(both.without("/new-reg")) == "/old"
    assert called(both.without("/new-reg").without("/old-reg")) == ""
    assert both.without("/new-reg").without("/old-reg").serving() == frozenset()


def test_a_kubelet_of_1_30_reads_versions_of_registration_and_knows_one_instance_of_a_driver() -> None:
    registered = classic_instance_from(info(("1.0.0",)), "/reg", Instances()).unwrap()
    assert (registered.dra_service, registered.health_service) == ("v1alpha3.Node", "")
    for versions in ((), ("v1.DRAPlugin",), ("2.0.0",), ("1.0.0", "x")):
        assert isinstance(classic_instance_from(info(versions), "/reg", Instances()), Failure)
    known = Instances().registered(registered)
    assert isinstance(classic_instance_from(info(("1.0.0",), endpoint="/other"), "/reg2", known), Failure)
    assert isinstance(classic_instance_from(info(("1.0.0",)), "/reg", known), Success)
    assert isinstance(classic_instance_from(info(("1.0.0",), endpoint="/other"), "/reg2", Instances()), Success)
