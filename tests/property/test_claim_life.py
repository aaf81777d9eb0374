"""Laws of a claim's life on a node, whatever fails and whoever interferes.

A small kubelet, a small API server and a disk that fills up, crashes, is emptied and damaged, in any order. After every
step: no device is in use through two claims; what is in use resolves to CDI devices; answers cover what was asked;
repeated answers are equal; unprepare ends as soon as the disk works.
"""

from __future__ import annotations

import json
from collections import Counter
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
    RemoveCdiSpec,
    checkpoint_text,
    prepare,
    read_checkpoint,
    restore,
    unprepare,
)
from dra_core.profiles import GpuProfile
from dra_core.refusal import Refusals
from dra_core.snapshot.json_value import Json, JsonObject, list_at, text_at
from hypothesis import seed, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    precondition,
    rule,
    run_state_machine_as_test,
)
from pyrsistent import pmap
from returns.result import Failure, Result, Success

from tests.property.claims import DRIVER, NODE, claim, config, gpu_config, result
from tests.property.node_disk import NodeDisk

PROFILE = GpuProfile(count=3)
POOLS = PROFILE.enumerate(NODE)
GPUS = [device.name for device in POOLS[0].devices]

ALLOCATED = ("status", "allocation", "devices")

names = st.sampled_from(["a", "b", "c", "d"])
working = st.sampled_from([None, None, None, None, 0, 1, 2, 3, 4])
"""How many effects are carried out before the disk is full; None: all of them."""

shares = st.sampled_from([None, None, "11111111-1111-4111-8111-111111111111", "22222222-2222-4222-8222-222222222222"])


def _result(device: str, request: str, share: str | None, admin: bool | None) -> JsonObject:
    return result(device, request, share_id=share, admin_access=admin)


allocated: st.SearchStrategy[list[JsonObject]] = st.lists(
    st.builds(
        _result,
        st.sampled_from([*GPUS, *GPUS, *GPUS, "gpu-99"]),
        st.sampled_from(["gpu", "gpu/large", "other"]),
        shares,
        st.sampled_from([None, None, None, False, True]),
    ),
    min_size=1,
    max_size=2,
    unique_by=lambda each: (each["device"], each.get("shareID")),
)
configurations: st.SearchStrategy[list[JsonObject]] = st.sampled_from(
    [
        [],
        [],
        [config(gpu_config({"strategy": "TimeSlicing", "timeSlicingConfig": {"interval": "Long"}}))],
        [config(gpu_config({"strategy": "TimeSlicing", "timeSlicingConfig": {"interval": "Short"}}), "FromClass")],
        [config(gpu_config({"strategy": "SpacePartitioning"}), "FromClass")],
        [config(gpu_config({"strategy": "SpacePartitioning", "spacePartitioningConfig": {"partitionCount": 0}}))],
        [config({"kind": "Nonsense"}, "FromClass", ["gpu"])],
    ]
)

JUNK = [b"", b"{", b"[]", b"null", b'{"formatVersion":2}', b'{"formatVersion":1}', b"\xff"]

REACHED: Counter[str] = Counter()
"""What the walks have come to: laws about what never happens hold of themselves."""

MOST_ROUNDS = 4
"""Walks are random: that a round misses something happens, that all of them miss it does not."""

WANTED = {
    "prepared",
    "prepared again",
    "prepared again, configured otherwise meanwhile",
    "refused: ClaimNotReadable",
    "refused: CheckpointDamaged",
    "refused: CheckpointNewer",
    "refused: DeviceHeld",
    "refused: InvalidPartitionCount",
    "refused: OldClaimStillPrepared",
    "refused: UnknownDevice",
    "refused: CdiFileNotWritten",
    "refused: CheckpointNotSaved",
    "unprepared what was in use",
    "unprepared though damaged",
    "unprepare failed",
    "restored files after a reboot",
    "removed files without a claim",
    "damaged with claims in use",
    "newer with claims in use",
    "example driver's with claims in use",
    "filled in what was known by UID only",
    "begun afresh",
}


def mounts(device: Json) -> Sequence[Json]:
    """Of a CDI device."""
    return list_at(device, "containerEdits", "mounts")


def _ids(devices: Sequence[PreparedDevice]) -> list[tuple[str, ...]]:
    return [device.cdi_device_ids for device in devices]


class ClaimLife(RuleBasedStateMachine):
    """The node, the kubelet's memory, and the API server."""

    def __init__(self) -> None:
        super().__init__()
        self.disk = NodeDisk()
        self.pools = POOLS
        self.device_metadata = False
        self.uids_made = 0
        self.claims: dict[str, JsonObject] = {}  # API server: by name
        self.asked: dict[str, str] = {}  # UID → name, for all that the kubelet ever asked for
        self.in_use: dict[str, tuple[PreparedDevice, ...]] = {}  # UID → what its containers got
        self.told: dict[str, tuple[PreparedDevice, ...]] = {}  # UID → answer while prepared
        self.known_by_uid_only: set[str] = set()  # after a checkpoint of the older format
        self.files_are_complete = True  # CDI directory not emptied since the last restore

    # What others do

    @initialize(
        made=st.lists(st.tuples(allocated, configurations), min_size=3, max_size=3),
        in_use=st.booleans(),
        device_metadata=st.booleans(),
    )
    def pods_are_there(
        self,
        made: Sequence[tuple[Sequence[JsonObject], Sequence[JsonObject]]],
        in_use: bool,
        device_metadata: bool,
    ) -> None:
        self.device_metadata = device_metadata
        for name, (results, configs) in zip(("a", "b", "c"), made, strict=True):
            self.claim_is_made_or_made_anew(name, results, configs)
        if in_use:
            self.kubelet_prepares(["a", "b", "c"], None, True)

    @rule(data=st.data(), name=names, what=st.sampled_from(["made", "made", "configured", "allocated", "deleted"]))
    def somebody_changes_a_claim(self, data: st.DataObject, name: str, what: str) -> None:
        match what:
            case "made":
                self.claim_is_made_or_made_anew(name, data.draw(allocated), data.draw(configurations))
            case "configured":
                self.configuration_changes(name, data.draw(configurations))
            case "allocated":
                self.claim_is_allocated_anew(name, data.draw(allocated))
            case _:
                self.claims.pop(name, None)

    def claim_is_made_or_made_anew(
        self, name: str, results: Sequence[JsonObject], configs: Sequence[JsonObject]
    ) -> None:
        self.uids_made += 1
        self.claims[name] = claim(f"uid-{self.uids_made}", results, configs, name)

    def configuration_changes(self, name: str, configs: Sequence[JsonObject]) -> None:
        if name in self.claims:
            self._allocate(name, list_at(self.claims[name], *ALLOCATED, "results"), configs)

    def claim_is_allocated_anew(self, name: str, results: Sequence[JsonObject]) -> None:
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

    @precondition(lambda self: self.disk.checkpoint)
    @rule(data=st.data(), how=st.sampled_from(["overwritten", "cut", "changed"]))
    def checkpoint_is_damaged(self, data: st.DataObject, how: str) -> None:
        content = self.disk.checkpoint
        if content is None or not isinstance(read_checkpoint(content), PreparedClaims):
            return
        position = data.draw(st.integers(0, len(content) - 2))
        changed = content[:position] + bytes([content[position] ^ 1]) + content[position + 1 :]
        if how == "overwritten":
            self.disk.checkpoint = data.draw(st.sampled_from(JUNK))
        elif how == "cut" or b"checksum" not in content or isinstance(read_checkpoint(changed), NewerCheckpoint):
            self.disk.checkpoint = content[:position]  # a bit of the version number makes it a newer one
        else:
            self.disk.checkpoint = changed
        assert isinstance(read_checkpoint(self.disk.checkpoint), DamagedCheckpoint)
        self._reached("damaged with claims in use", self.in_use)
        # Damage loses what was configured: claims that are prepared again get what is configured by then.
        self.told.clear()

    @rule()
    def driver_was_another_version(self) -> None:
        """Of ours: a newer one ran, or runs again. Of the example driver's: it knows UIDs only."""
        checkpoint = read_checkpoint(self.disk.checkpoint)
        if isinstance(checkpoint, NewerCheckpoint):
            self.driver_is_newer_again()
        elif isinstance(checkpoint, PreparedClaims) and len(checkpoint.claims) % 2:
            self._reached("example driver's with claims in use", self.in_use)
            entries = [{"uid": uid} for uid in checkpoint.claims]
            old = {"apiVersion": "checkpoint.internal.example.com/v1", "kind": "Checkpoint", "preparedClaims": entries}
            self.disk.checkpoint = json.dumps(old).encode()
            self.known_by_uid_only |= set(checkpoint.claims)
            # It does not say either what was configured.
            self.told = {uid: devices for uid, devices in self.told.items() if uid not in checkpoint.claims}
        elif isinstance(checkpoint, PreparedClaims):
            self._reached("newer with claims in use", self.in_use)
            value = json.loads(checkpoint_text(checkpoint))
            newer = {**value, "formatVersion": 3, "invention": {"x": 1}, "checksum": "computed in a new way"}
            newer["claims"] = {uid: {"v3": each} for uid, each in newer["claims"].items()}
            self.disk.checkpoint = json.dumps(newer).encode()

    def driver_is_newer_again(self) -> None:
        """The newer version finds all that was not unprepared meanwhile; and then it is ours again."""
        assert self.disk.checkpoint is not None
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
        self._reached("removed files without a claim", any(isinstance(e, RemoveCdiSpec) for e in restoration.effects))
        if isinstance(after, PreparedClaims):
            self._reached("restored files after a reboot", after.claims and not self.files_are_complete)
            by_uid_only = {uid for uid, each in after.claims.items() if not each.devices}
            files = self._claims_with_file()
            assert files - by_uid_only == set(after.claims) - by_uid_only
            assert files <= set(after.claims), "no CDI file without its claim"
            self.files_are_complete = True

    @rule(
        asked=st.lists(names, min_size=1, max_size=3, unique=True),
        working=working,
        readable=st.sampled_from([True, True, True, True, False]),
    )
    def kubelet_prepares(self, asked: list[str], working: int | None, readable: bool) -> None:
        requests = [self._reference(name) for name in asked if name in self.claims]
        requests += [ClaimReference(uid="never-heard-of", namespace="default", name="x")]
        reads: dict[str, ClaimRead] = {
            each.uid: ClaimFound(self.claims[each.name]) if readable else ClaimUnreadable("timeout")
            for each in requests[:-1]
        }
        reads["never-heard-of"] = ClaimMissing()
        self._prepare(requests, reads, working)

    @precondition(lambda self: self.in_use)
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
                REACHED.update(f"refused: {refusal.code}" for refusal in refusals)
                continue
            assert isinstance(before, PreparedClaims), "nothing is promised on a checkpoint that is not understood"
            devices = answer.unwrap()
            self._note_what_was_prepared(each, before)
            assert self.told.setdefault(each.uid, devices) == devices, "the repeated call gives the same"
            assert _ids(self.in_use.get(each.uid, devices)) == _ids(devices), "containers that run have these ids"
            assert devices
            assert all("/" not in name for device in devices for name in device.request_names)
            self.in_use[each.uid] = devices
            self.known_by_uid_only.discard(each.uid)
            self._check_resolvable(devices)
        return answers

    def _note_what_was_prepared(self, each: ClaimReference, before: PreparedClaims) -> None:
        REACHED["prepared"] += 1
        known = before.claims.get(each.uid)
        self._reached("filled in what was known by UID only", known is not None and not known.devices)
        if known is not None and known.devices:
            REACHED["prepared again"] += 1
            claim_now = self.claims.get(each.name)
            self._reached("prepared again, deleted meanwhile", claim_now is None)
            if claim_now is not None and each.uid in self.told:
                fresh = prepare(self._driver(), PreparedClaims(), (), [each], {each.uid: ClaimFound(claim_now)})
                otherwise = fresh.answers[each.uid] != Success(known.devices)
                self._reached("prepared again, configured otherwise meanwhile", otherwise)

    @rule(data=st.data(), working=working)
    def kubelet_unprepares(self, data: st.DataObject, working: int | None) -> None:
        """Its pods have ended. Also for claims that are gone, and for some that were never prepared."""
        uids = data.draw(st.lists(st.sampled_from([*sorted(self.asked), "never-heard-of"]), min_size=1, max_size=3))
        self._unprepare(uids, working)

    def _unprepare(self, uids: list[str], working: int | None) -> None:
        before = read_checkpoint(self.disk.checkpoint)
        if set(uids) & set(self.in_use):
            REACHED["unprepared what was in use"] += 1
            self._reached("unprepared though damaged", isinstance(before, DamagedCheckpoint))
            self._reached("unprepared though newer", isinstance(before, NewerCheckpoint))
        for uid in uids:
            self.in_use.pop(uid, None)
            self.told.pop(uid, None)
        requests = [ClaimReference(uid=uid, namespace="?", name="?") for uid in uids]
        decision = unprepare(self._driver(), before, set(self.disk.cdi), requests)
        failure = self.disk.carry_out(decision.effects, working)
        answers = decision.answers if failure is None else decision.after_failure(failure)
        assert set(answers) == set(uids)
        if failure is not None:
            assert all(answers.values())
            REACHED["unprepare failed"] += 1
            return
        assert not any(answers.values()), "unprepare ends"
        self._reached(
            "begun afresh", isinstance(before, DamagedCheckpoint) and isinstance(decision.checkpoint, PreparedClaims)
        )
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
        return DriverOnNode(
            driver_name=DRIVER,
            node_name=NODE,
            profile=PROFILE,
            pools=self.pools,
            device_metadata=self.device_metadata,
        )

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
        specs = [json.loads(text) for name, text in self.disk.cdi.items() if name.endswith(".json")]
        there = [f"{spec['kind']}={device['name']}" for spec in specs for device in spec["devices"]]
        for mount in (mount for spec in specs for device in spec["devices"] for mount in mounts(device)):
            assert text_at(mount, "hostPath").removeprefix("/var/run/cdi/") in self.disk.cdi, "what is mounted is there"
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

    def _reached(self, what: str, so: object) -> None:
        REACHED[what] += bool(so)


def test_claim_life() -> None:
    REACHED.clear()
    for number in range(MOST_ROUNDS):
        if settings().derandomize:  # else each round walks the same ways
            seed(number)(ClaimLife)
        run_state_machine_as_test(ClaimLife, settings=settings(max_examples=300, stateful_step_count=40))
        if set(+REACHED) >= WANTED:
            break
    assert set(+REACHED) >= WANTED, f"the walks never came to: {sorted(WANTED - set(+REACHED))}"
