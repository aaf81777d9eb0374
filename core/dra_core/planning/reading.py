"""From documents (as kubectl prints or people write them) to a ClusterSnapshot, with every fault of every document.

A document is a Kubernetes object or a list of them, as JSON text or as a value that a YAML parser gave. Objects of
kinds that decide nothing about devices are counted and passed over. An object that comes twice counts as it came last.
"""

from __future__ import annotations

import codecs
from collections.abc import Iterable, Iterator, Mapping, Sequence

import msgspec
from returns.result import Failure, Result, Success

from dra_core.planning.cluster_snapshot import ClusterSnapshot, name_of
from dra_core.planning.kinds import Record, known_kind, read_object
from dra_core.planning.parts import Parts, TopLevel
from dra_core.refusal import Fault, Refusal
from dra_core.snapshot.device_class import DeviceClass
from dra_core.snapshot.device_taint_rule import DeviceTaintRule
from dra_core.snapshot.json_value import Json, JsonObject, text_at
from dra_core.snapshot.node import Node
from dra_core.snapshot.pod import Pod
from dra_core.snapshot.resource_claim import ResourceClaim, ResourceClaimTemplate
from dra_core.snapshot.resource_slice import ResourceSlice
from dra_core.snapshot.workload import (
    CronJob,
    DaemonSet,
    Deployment,
    Job,
    Namespace,
    PodGroup,
    PriorityClass,
    ReplicaSet,
    RuntimeClass,
    StatefulSet,
    Workload,
)

PIECE = 2**20  # bytes that are looked at together
JSON_IN_WORDS = "the text is not JSON"


class Document(msgspec.Struct, frozen=True):
    """Something to read.

    Attributes:
        source: Where it comes from, as messages name it: a file, ``-`` for standard input, a cluster.
        number: Which document of the source, from 1.
        value: JSON as bytes, or a value already parsed.
        item: The position in the list that the value is taken from; None if it is the whole document.
    """

    source: str
    number: int
    value: Json | bytes
    item: int | None = None


class Located(msgspec.Struct, frozen=True, kw_only=True):
    """A refusal with the place in the input that it is about.

    Attributes:
        source: The document's source.
        document: The document's number.
        item: The position in the list that the document is; None if it is a single object.
        object: ``Kind namespace/name``, as far as these can be read.
        refusal: What is wrong, with the path inside the object.
    """

    source: str
    document: int
    item: int | None = None
    object: str = ""
    refusal: Refusal

    @property
    def sentence(self) -> str:
        """Everything in one line."""
        parts = [self.source, f"document {self.document}"]
        if self.item is not None:
            parts.append(f"items[{self.item}]")
        if self.object:
            parts.append(self.object)
        return f"{', '.join(parts)}: {self.refusal.sentence}"


class Origin(msgspec.Struct, frozen=True):
    """Where an object was read, and the version that it was written in (without the group)."""

    source: str
    document: int
    item: int | None
    version: str


class Reading(msgspec.Struct, frozen=True, kw_only=True):
    """What was read.

    Attributes:
        snapshot: The objects.
        unknown: Fields that no record holds: written for a newer API, or misspelt.
        ignored: How many objects of other kinds were passed over, by kind.
        origins: Where each object was read, by kind, namespace and name.
        replaced: Objects that came again later, each with where it was read, in the order of reading.
    """

    snapshot: ClusterSnapshot
    unknown: tuple[Located, ...] = ()
    ignored: Mapping[str, int] = {}
    origins: Mapping[tuple[str, str, str], Origin] = {}
    replaced: tuple[tuple[Record, Origin], ...] = ()


def read_cluster(documents: Iterable[Document], *, namespace: str = "default") -> Result[Reading, tuple[Located, ...]]:
    """Read all documents, or say everything that is wrong with them.

    Args:
        documents: In the order in which later objects replace earlier ones.
        namespace: Where objects are that name no namespace.
    """
    reading, faults = read_what_can_be_read(documents, namespace=namespace)
    return Failure(faults) if faults else Success(reading)


def read_what_can_be_read(
    documents: Iterable[Document], *, namespace: str = "default"
) -> tuple[Reading, tuple[Located, ...]]:
    """The objects that are in order, and everything that is wrong with the others."""
    records: dict[tuple[str, str, str], Record] = {}
    origins: dict[tuple[str, str, str], Origin] = {}
    faults: list[Located] = []
    unknown: list[Located] = []
    ignored: dict[str, int] = {}
    replaced: list[tuple[Record, Origin]] = []
    parts = Parts()
    for document in documents:
        for place in _objects(document, faults):
            kind = known_kind(place.api_version, place.kind)
            if kind is None:
                ignored[place.kind] = ignored.get(place.kind, 0) + 1
                continue
            if isinstance(kind, Refusal):
                faults.append(place.about(kind))
                continue
            record, refusals = read_object(kind, place.version, place.value, namespace, parts, place.texts)
            problems = [place.about(refusal, record) for refusal in refusals]
            if record is None:
                faults += problems
                continue
            unknown += problems
            key = name_of(record)
            if key in records:
                replaced.append((records[key], origins[key]))
            records[key] = record
            origins[key] = Origin(document.source, document.number, place.item, place.version)
    reading = Reading(
        snapshot=snapshot_of(records.values()),
        unknown=tuple(unknown),
        ignored=ignored,
        origins=origins,
        replaced=tuple(replaced),
    )
    return reading, tuple(faults)


class _Place(msgspec.Struct, frozen=True, kw_only=True):
    """One object of a document, not read yet."""

    document: Document
    item: int | None
    api_version: str
    kind: str
    value: JsonObject | msgspec.Raw
    texts: TopLevel | None = None

    @property
    def version(self) -> str:
        return self.api_version.rpartition("/")[2]

    def about(self, refusal: Refusal, record: Record | None = None) -> Located:
        """The refusal, located; the object is named as far as its name can be read."""
        if record is not None:
            namespace, name = record.metadata.namespace, record.metadata.name
        else:
            value = self.value
            if isinstance(value, msgspec.Raw):
                value = msgspec.json.decode(value)
            namespace, name = text_at(value, "metadata", "namespace"), text_at(value, "metadata", "name")
        where = f"{namespace}/{name}" if namespace else name
        return Located(
            source=self.document.source,
            document=self.document.number,
            item=self.item,
            object=f"{self.kind} {where}".strip(),
            refusal=refusal,
        )


class _Head(msgspec.Struct, frozen=True, rename="camel"):
    """What says how to read the rest."""

    api_version: str = ""
    kind: str = ""
    items: list[msgspec.Raw] | None = None


_HEAD = msgspec.json.Decoder(_Head)
_TOP_LEVEL = msgspec.json.Decoder(TopLevel)


def _head(text: bytes | msgspec.Raw) -> TopLevel | _Head | None:
    """What the text says about itself; None if it says something odd, so that it has to be looked at as a tree."""
    for decoder in (_TOP_LEVEL, _HEAD):
        try:
            return decoder.decode(text)
        except msgspec.ValidationError:
            pass
    return None


def _objects(document: Document, faults: list[Located]) -> Iterator[_Place]:
    value = document.value
    if isinstance(value, bytes):
        try:
            _check_utf_8(value)
            head = _head(value)
            tree: Json = msgspec.json.decode(value) if head is None else None
        except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError) as error:
            faults += _not_json(document, value, error)
            return
        whole = msgspec.Raw(value)
        if isinstance(head, TopLevel):
            yield from _places(document, head.api_version, head.kind, whole, None, faults, head)
            return
        if head is not None:
            yield from _places(document, head.api_version, head.kind, whole, head.items, faults)
            return
        value = tree
    elif value is None:
        return  # an empty YAML document, such as the one after a last "---"
    if not isinstance(value, Mapping):
        faults.append(_not_an_object(document, document.item))
        return
    items = value.get("items")
    listed = list(items) if isinstance(items, Sequence) and not isinstance(items, str) else None
    yield from _places(document, text_at(value, "apiVersion"), text_at(value, "kind"), value, listed, faults)


def _check_utf_8(text: bytes) -> None:
    """What is passed over in reading is not looked at, and may be anything else."""
    if text.isascii():
        return
    decoder = codecs.getincrementaldecoder("utf-8")()
    view = memoryview(text)
    for start in range(0, len(text), PIECE):
        decoder.decode(view[start : start + PIECE])
    decoder.decode(b"", final=True)


def _places(
    document: Document,
    api_version: str,
    kind: str,
    value: JsonObject | msgspec.Raw,
    items: Sequence[Json | msgspec.Raw] | None,
    faults: list[Located],
    texts: TopLevel | None = None,
) -> Iterator[_Place]:
    if document.item is not None or not kind.endswith("List"):
        if not kind or not api_version:
            faults.append(_not_an_object(document, document.item))
            return
        yield _Place(
            document=document, item=document.item, api_version=api_version, kind=kind, value=value, texts=texts
        )
        return
    for number, item in enumerate(items or ()):
        head, texts = None, None
        if isinstance(item, msgspec.Raw):
            head = _head(item)
            texts = head if isinstance(head, TopLevel) else None
            if head is None:
                item = msgspec.json.decode(item)
        if isinstance(item, msgspec.Raw) and head is not None:
            own_version, own_kind = head.api_version, head.kind
        elif isinstance(item, Mapping):
            own_version, own_kind = text_at(item, "apiVersion"), text_at(item, "kind")
        else:
            faults.append(_not_an_object(document, number))
            continue
        # The items of a typed list, as the API server answers, carry neither apiVersion nor kind.
        if not own_kind and kind != "List":
            own_version, own_kind = api_version, kind.removesuffix("List")
        if not own_kind or not own_version:
            faults.append(_not_an_object(document, number))
            continue
        yield _Place(document=document, item=number, api_version=own_version, kind=own_kind, value=item, texts=texts)


def _not_an_object(document: Document, item: int | None) -> Located:
    refusal = Refusal(
        code="NotAnObject",
        fault=Fault.USER,
        seen="this is no Kubernetes object: apiVersion and kind must say what it is",
        hint="give what `kubectl get -o yaml` or `-o json` prints",
    )
    return Located(source=document.source, document=document.number, item=item, refusal=refusal)


def _not_json(document: Document, text: bytes, error: Exception) -> list[Located]:
    seen = f"{JSON_IN_WORDS}: {error}" if not isinstance(error, RecursionError) else "the JSON is nested too deeply"
    if not text.strip():
        seen = "the text is empty"
    refusal = Refusal(code="NotJson", fault=Fault.USER, seen=seen)
    return [Located(source=document.source, document=document.number, item=document.item, refusal=refusal)]


def snapshot_of(records: Iterable[Record]) -> ClusterSnapshot:
    """The objects as a snapshot, each kind in their order."""
    by_type: dict[type, list[Record]] = {}
    for record in records:
        by_type.setdefault(type(record), []).append(record)

    workloads: list[Workload] = []
    for kind in (Deployment, ReplicaSet, StatefulSet, Job, DaemonSet, CronJob):
        workloads += [item for item in by_type.get(kind, ()) if isinstance(item, kind)]
    return ClusterSnapshot(
        nodes=tuple(item for item in by_type.get(Node, ()) if isinstance(item, Node)),
        slices=tuple(item for item in by_type.get(ResourceSlice, ()) if isinstance(item, ResourceSlice)),
        classes=tuple(item for item in by_type.get(DeviceClass, ()) if isinstance(item, DeviceClass)),
        claims=tuple(item for item in by_type.get(ResourceClaim, ()) if isinstance(item, ResourceClaim)),
        templates=tuple(
            item for item in by_type.get(ResourceClaimTemplate, ()) if isinstance(item, ResourceClaimTemplate)
        ),
        taint_rules=tuple(item for item in by_type.get(DeviceTaintRule, ()) if isinstance(item, DeviceTaintRule)),
        pods=tuple(item for item in by_type.get(Pod, ()) if isinstance(item, Pod)),
        workloads=tuple(workloads),
        pod_groups=tuple(item for item in by_type.get(PodGroup, ()) if isinstance(item, PodGroup)),
        namespaces=tuple(item for item in by_type.get(Namespace, ()) if isinstance(item, Namespace)),
        runtime_classes=tuple(item for item in by_type.get(RuntimeClass, ()) if isinstance(item, RuntimeClass)),
        priority_classes=tuple(item for item in by_type.get(PriorityClass, ()) if isinstance(item, PriorityClass)),
    )
