"""Laws of a claim's life on a node, whatever fails and whoever interferes.

A small kubelet, a small API server and a disk that fills up, crashes, is emptied and damaged, in any order. After every
step: no device is in use through two claims; what is in use resolves to CDI devices; answers cover what was asked;
repeated answers are equal; unprepare ends as soon as the disk works.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence

import msgspec
from dra_core.cdi import claim_uid_of
from dra_core.preparation import (
    ClaimFound,
    ClaimMissing,
    ClaimRead,
    ClaimReference,
    ClaimUnreadable,
    DamagedCheckpoint,
    DriverOnNode,
    Effect,
    NewerCheckpoint,
    PreparedClaim,
    PreparedClaims,
    PreparedDevice,
    checkpoint_text,
    prepare,
    read_checkpoint,
    restore,
    unprepare,
)
from dra_core.profiles import GpuProfile
from dra_core.refusal import Refusals
from dra_core.snapshot.json_value import Json, JsonObject, list_at, text_at
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule
from pyrsistent import pmap
from returns.result import Failure, Result, Success

from tests.property.claims import DRIVER, NODE, claim, config, gpu_config, result
from tests.property.node_disk import NodeDisk

PROFILE = GpuProfile(count=3)
POOLS = PROFILE.enumerate(NODE)
GPUS = [device.name for device in POOLS[0].devices]

ALLOCATED = ("status", "allocation", "devices")

names = st.sampled_from(["a", "b", "c", "d"])
working = st.one_of(st.none(), st.integers(0, 4))
shares = st.sampled_from([None, None, "11111111-1111-4111-8111-111111111111", "22222222-2222-4222-8222-222222222222"])
allocated = st.lists(
    st.builds(
        lambda device, request, share, admin: result(device, request, share_id=share, admin_access=admin),
        st.sampled_from([*GPUS, "gpu-99"]),
        st.sampled_from(["gpu", "gpu/large", "other"]),
        shares,
        st.sampled_from([None, None, None, False, True]),
    ),
    min_size=1,
    max_size=2,
    unique_by=lambda each: (each["device"], each.get("shareID")),
)
configurations = st.sampled_from(
    [
        [],
        [config(gpu_config({"strategy": "TimeSlicing", "timeSlicingConfig": {"interval": "Long"}}))],
        [config(gpu_config({"strategy": "SpacePartitioning"}), "FromClass")],
        [config(gpu_config({"strategy": "SpacePartitioning", "spacePartitioningConfig": {"partitionCount": 0}}))],
        [config({"kind": "Nonsense"}, "FromClass", ["gpu"])],
    ]
)


class ClaimLife(RuleBasedStateMachine):
    """The node, the kubelet's memory, and the API server."""

    def __init__(self) -> None:
        super().__init__()
        self.disk = NodeDisk()
        self.pools = POOLS
        self.uids_made = 0
        self.claims: dict[str, JsonObject] = {}  # API server: by name
        self.asked: dict[str, str] = {}  # UID → name, for all that the kubelet ever asked for
        self.in_use: dict[str, tuple[PreparedDevice, ...]] = {}  # UID → what its containers got
        self.told: dict[str, tuple[PreparedDevice, ...]] = {}  # UID → answer while prepared
        self.known_by_uid_only: set[str] = set()  # after a checkpoint of the older format
        self.files_are_complete = True  # CDI directory not emptied since the last restore

    # What others do

    @rule(name=names, results=allocated, configs=configurations)
    def claim_is_made_or_made_anew(self, name: str, results: list[JsonObject], configs: list[JsonObject]) -> None:
        self.uids_made += 1
        self.claims[name] = claim(f"uid-{self.uids_made}", results, configs, name)

    @rule(name=names)
    def claim_is_deleted(self, name: str) -> None:
        self.claims.pop(name, None)

    @rule(name=names, configs=configurations)
    def configuration_changes(self, name: str, configs: list[JsonObject]) -> None:
        if name in self.claims:
            self._allocate(name, list_at(self.claims[name], *ALLOCATED, "results"), configs)

    @rule(name=names, results=allocated)
    def claim_is_allocated_anew(self, name: str, results: list[JsonObject]) -> None:
        """The scheduler does so only when nobody uses the claim any more."""
        if name in self.claims and self._uid(name) not in self.in_use:
            self._allocate(name, results, list_at(self.claims[name], *ALLOCATED, "config"))
            self.told.pop(self._uid(name), None)

    @rule(lost=st.sets(st.sampled_from(GPUS), max_size=2))
    def devices_are_lost_or_return(self, lost: set[str]) -> None:
        there = tuple(device for device in POOLS[0].devices if device.name not in lost)
        self.pools = (msgspec.structs.replace(POOLS[0], devices=there),)

    @rule()
    def node_reboots(self) -> None:
        """Containers end, /var/run is empty; kubelet and driver start again."""
        self.disk.cdi.clear()
        self.in_use.clear()
        self.files_are_complete = False
        self.driver_starts(working=None)

    @rule(junk=st.sampled_from([b"", b"{", b"[]", b"null", b'{"formatVersion":2}', b'{"formatVersion":1}', b"\xff"]))
    def checkpoint_is_overwritten(self, junk: bytes) -> None:
        if self.disk.checkpoint is not None:
            self.disk.checkpoint = junk
            self._forget()

    @precondition(lambda self: self.disk.checkpoint)
    @rule(data=st.data())
    def checkpoint_is_damaged(self, data: st.DataObject) -> None:
        content = self.disk.checkpoint
        if content is None or not isinstance(read_checkpoint(content), PreparedClaims):
            return
        position = data.draw(st.integers(0, len(content) - 2))
        if b"checksum" not in content or data.draw(st.booleans()):
            self.disk.checkpoint = content[:position]
        else:
            self.disk.checkpoint = content[:position] + bytes([content[position] ^ 1]) + content[position + 1 :]
        assert isinstance(read_checkpoint(self.disk.checkpoint), DamagedCheckpoint | NewerCheckpoint)
        if isinstance(read_checkpoint(self.disk.checkpoint), NewerCheckpoint):  # a bit of the version number
            self.disk.checkpoint = content[:position]
        self._forget()

    @rule()
    def driver_was_the_example_driver(self) -> None:
        """Its checkpoint knows UIDs only."""
        checkpoint = read_checkpoint(self.disk.checkpoint)
        if isinstance(checkpoint, PreparedClaims):
            entries = [{"uid": uid} for uid in checkpoint.claims]
            old = {"apiVersion": "checkpoint.internal.example.com/v1", "kind": "Checkpoint", "preparedClaims": entries}
            self.disk.checkpoint = json.dumps(old).encode()
            self.known_by_uid_only |= set(checkpoint.claims)

    @rule()
    def driver_was_newer(self) -> None:
        checkpoint = read_checkpoint(self.disk.checkpoint)
        if isinstance(checkpoint, PreparedClaims):
            value = json.loads(checkpoint_text(checkpoint))
            newer = {**value, "formatVersion": 3, "invention": {"x": 1}, "checksum": "computed in a new way"}
            newer["claims"] = {uid: {"v3": each} for uid, each in newer["claims"].items()}
            self.disk.checkpoint = json.dumps(newer).encode()

    @rule()
    def driver_is_newer_again(self) -> None:
        """Back to the newer version, which finds all that was not unprepared meanwhile, and then back to ours."""
        checkpoint = read_checkpoint(self.disk.checkpoint)
        if isinstance(checkpoint, NewerCheckpoint) and self.disk.checkpoint is not None:
            value = json.loads(self.disk.checkpoint)
            assert value["invention"] == {"x": 1}
            claims = {uid: each["v3"] for uid, each in value["claims"].items()}
            held = {uid for uid in self.in_use if uid not in self.known_by_uid_only}
            assert held <= set(claims)
            back = PreparedClaims(pmap(msgspec.convert(claims, dict[str, PreparedClaim])))
            self.disk.checkpoint = checkpoint_text(back).encode()

    # What the kubelet and the driver do

    @rule(working=working)
    def driver_starts(self, working: int | None) -> None:
        driver = self._driver()
        restoration = restore(driver, read_checkpoint(self.disk.checkpoint), dict(self.disk.cdi))
        if self.disk.carry_out(restoration.effects, working) is not None:
            return
        after = read_checkpoint(self.disk.checkpoint)
        assert after == restoration.checkpoint
        again = restore(driver, after, dict(self.disk.cdi))
        assert not [e for e in again.effects if self._would_change(e)], "restoring is done in one go"
        if isinstance(after, PreparedClaims):
            by_uid_only = {uid for uid, each in after.claims.items() if not each.devices}
            files = self._claims_with_file()
            assert files - by_uid_only == set(after.claims) - by_uid_only
            assert files <= set(after.claims), "no CDI file without its claim"
            self.files_are_complete = True

    @rule(asked=st.lists(names, min_size=1, max_size=3), working=working, readable=st.booleans())
    def kubelet_prepares(self, asked: list[str], working: int | None, readable: bool) -> None:
        requests = [self._reference(name) for name in asked if name in self.claims]
        requests += [ClaimReference(uid="never-heard-of", namespace="default", name="x")]
        reads: dict[str, ClaimRead] = {
            each.uid: ClaimFound(self.claims[each.name]) if readable else ClaimUnreadable("timeout")
            for each in requests[:-1]
        }
        reads["never-heard-of"] = ClaimMissing()
        self._prepare(requests, reads, working)

    @rule(working=working)
    def kubelet_repeats_all(self, working: int | None) -> None:
        """After its restart: same UIDs; the claims may have been deleted, or be others by now."""
        requests = [ClaimReference(uid=uid, namespace="default", name=self.asked[uid]) for uid in self.in_use]
        reads: dict[str, ClaimRead] = {
            each.uid: ClaimFound(self.claims[each.name]) if each.name in self.claims else ClaimMissing()
            for each in requests
        }
        before = read_checkpoint(self.disk.checkpoint)
        answers = self._prepare(requests, reads, working)
        if working is None and isinstance(before, PreparedClaims):
            for uid in set(answers) - self.known_by_uid_only:
                assert isinstance(answers[uid], Success), "what is prepared stays prepared"

    def _prepare(
        self, requests: list[ClaimReference], reads: Mapping[str, ClaimRead], working: int | None
    ) -> Mapping[str, Result[tuple[PreparedDevice, ...], Refusals]]:
        before = read_checkpoint(self.disk.checkpoint)
        decision = prepare(self._driver(), before, set(self.disk.cdi), requests, reads)
        failure = self.disk.carry_out(decision.effects, working)
        answers = decision.answers if failure is None else decision.after_failure(failure)
        assert set(answers) == {each.uid for each in requests}
        if failure is None:
            assert read_checkpoint(self.disk.checkpoint) == decision.checkpoint
        for each in requests:
            self.asked[each.uid] = each.name
            answer = answers[each.uid]
            if isinstance(answer, Failure):
                refusals = answer.failure()
                assert refusals
                assert all(refusal.seen for refusal in refusals)
                continue
            assert isinstance(before, PreparedClaims), "nothing is promised on a checkpoint that is not understood"
            devices = answer.unwrap()
            assert self.told.setdefault(each.uid, devices) == devices, "the repeated call gives the same"
            assert devices
            assert all("/" not in name for device in devices for name in device.request_names)
            self.in_use[each.uid] = devices
            self.known_by_uid_only.discard(each.uid)
            self._check_resolvable(devices)
        return answers

    @rule(data=st.data(), working=working)
    def kubelet_unprepares(self, data: st.DataObject, working: int | None) -> None:
        """Its pods have ended. Also for claims that are gone, and for some that were never prepared."""
        uids = data.draw(st.lists(st.sampled_from([*sorted(self.asked), "never-heard-of"]), min_size=1, max_size=3))
        self._unprepare(uids, working)

    def _unprepare(self, uids: list[str], working: int | None) -> None:
        for uid in uids:
            self.in_use.pop(uid, None)
            self.told.pop(uid, None)
        requests = [ClaimReference(uid=uid, namespace="?", name="?") for uid in uids]
        decision = unprepare(self._driver(), read_checkpoint(self.disk.checkpoint), set(self.disk.cdi), requests)
        failure = self.disk.carry_out(decision.effects, working)
        answers = decision.answers if failure is None else decision.after_failure(failure)
        assert set(answers) == set(uids)
        if failure is not None:
            assert all(answers.values())
            return
        assert not any(answers.values()), "unprepare ends"
        self.known_by_uid_only -= set(uids)
        assert not self._claims_with_file() & set(uids)
        after = read_checkpoint(self.disk.checkpoint)
        assert after == decision.checkpoint
        if not isinstance(after, DamagedCheckpoint) and after.claims is not None:
            assert not set(after.claims) & set(uids)

    # Laws that hold at any time

    @invariant()
    def no_device_is_in_use_twice(self) -> None:
        held: list[tuple[str, PreparedDevice]] = [
            (uid, device)
            for uid, devices in self.in_use.items()
            if uid not in self.known_by_uid_only
            for device in devices
            if not device.admin_access
        ]
        for i, (uid, device) in enumerate(held):
            for other_uid, other in held[i + 1 :]:
                if uid == other_uid or (device.pool, device.device) != (other.pool, other.device):
                    continue
                shares_differ = device.share_id and other.share_id and device.share_id != other.share_id
                assert shares_differ, f"{device.device} is in use through {uid} and {other_uid}"

    @invariant()
    def what_is_in_use_can_be_started_again(self) -> None:
        if self.files_are_complete:
            for devices in self.in_use.values():
                self._check_resolvable(devices)

    @invariant()
    def a_damaged_checkpoint_is_never_thrown_away(self) -> None:
        """What is no longer in place was copied aside first."""
        for suffix, content in self.disk.set_aside.items():
            assert suffix.startswith("damaged-")
            assert isinstance(read_checkpoint(content), DamagedCheckpoint)

    def teardown(self) -> None:
        """From any state: one start, one unprepare of everything, and nothing is left."""
        self.driver_starts(None)
        self._unprepare([*sorted(self.asked), "never-heard-of"], None)
        self.driver_starts(None)
        after = read_checkpoint(self.disk.checkpoint)
        assert not isinstance(after, DamagedCheckpoint)
        assert not after.claims
        assert self._claims_with_file() == set()

    # Tools

    def _driver(self) -> DriverOnNode:
        return DriverOnNode(driver_name=DRIVER, node_name=NODE, profile=PROFILE, pools=self.pools)

    def _uid(self, name: str) -> str:
        return text_at(self.claims[name], "metadata", "uid")

    def _allocate(self, name: str, results: Sequence[Json], configs: Sequence[Json]) -> None:
        status: JsonObject = {"allocation": {"devices": {"results": results, "config": configs}}}
        self.claims[name] = {**self.claims[name], "status": status}

    def _reference(self, name: str) -> ClaimReference:
        return ClaimReference(uid=self._uid(name), namespace="default", name=name)

    def _claims_with_file(self) -> set[str]:
        uids = (claim_uid_of(DRIVER, PROFILE.name, name) for name in self.disk.cdi)
        return {uid for uid in uids if uid is not None}

    def _check_resolvable(self, devices: tuple[PreparedDevice, ...]) -> None:
        """As a runtime resolves: every id names exactly one device of the directory."""
        there = [
            f"{spec['kind']}={device['name']}"
            for spec in map(json.loads, self.disk.cdi.values())
            for device in spec["devices"]
        ]
        for cdi_id in (cdi_id for device in devices for cdi_id in device.cdi_device_ids):
            assert there.count(cdi_id) == 1, cdi_id

    def _would_change(self, effect: Effect) -> bool:
        other = NodeDisk()
        other.checkpoint, other.cdi, other.set_aside = (
            self.disk.checkpoint,
            dict(self.disk.cdi),
            dict(self.disk.set_aside),
        )
        other.carry_out([effect])
        return vars(other) != vars(self.disk)

    def _forget(self) -> None:
        """Damage loses what was configured; claims that get prepared again are configured as they are by then."""
        self.told.clear()


TestClaimLife = ClaimLife.TestCase
TestClaimLife.settings = settings(max_examples=200, stateful_step_count=40, deadline=None)
