"""What a claim wants, with its class and all parameters resolved; or why that cannot be known."""

from __future__ import annotations

import re
from typing import TypeVar

import msgspec
from returns.result import Failure, Result, Success

from dra_core.negotiation.cluster import ClassicCluster
from dra_core.negotiation.parameters import (
    CLAIM_PARAMETERS_KIND,
    CLASS_PARAMETERS_KIND,
    PARAMETERS_GROUP,
    ClaimWishes,
    ClassWishes,
)
from dra_core.refusal import Fault, Refusal, Refusals
from dra_core.sharing.strategy import SharingStrategy
from dra_core.snapshot.classic_claim import ClassicClaim
from dra_core.snapshot.classic_class import ClassicClass
from dra_core.snapshot.device_class import CelSelector, DeviceClass, DeviceClassSpec, DeviceSelector
from dra_core.snapshot.metadata import ObjectMeta
from dra_core.snapshot.resource_claim import (
    DeviceClaim,
    DeviceRequest,
    ExactDeviceRequest,
    ResourceClaim,
    ResourceClaimSpec,
)

_Wishes = TypeVar("_Wishes", ClaimWishes, ClassWishes)

REQUEST = "gpu"
"""The one request of a classic claim, as the allocator sees it."""


class Wanted(msgspec.Struct, frozen=True, kw_only=True):
    """A claim that is to be allocated.

    Attributes:
        claim: As it was read.
        resource_class: Its class.
        request: What it asks for, in the words of resource.k8s.io/v1.
        device_class: What its class asks for, in the same words.
        sharing: How the devices' users share them; None: nobody has said, as the driver does by itself.
    """

    claim: ClassicClaim
    resource_class: ClassicClass
    request: ResourceClaim
    device_class: DeviceClass
    sharing: SharingStrategy | None


def class_of(cluster: ClassicCluster, claim: ClassicClaim) -> ClassicClass | None:
    """The claim's class if its driver is ours and its controller allocates.

    Nothing is said about a class that does not exist: it may have been another driver's, and the scheduler says so.
    """
    found = cluster.classes.get(("", claim.spec.resource_class_name))
    if found is None or found.driver_name != cluster.driver_name or found.structured_parameters:
        return None
    return found


def wanted(cluster: ClassicCluster, claim: ClassicClaim, resource_class: ClassicClass) -> Result[Wanted, Refusals]:
    """What the claim wants; or everything that is wrong with its parameters and those of its class."""
    of_claim, of_class = _claim_wishes(cluster, claim), _class_wishes(cluster, resource_class)
    faults: list[Refusal] = []
    for read in (of_claim, of_class):
        if isinstance(read, Failure):
            wrong: Refusals = read.failure()
            faults += wrong
    if faults:
        return Failure(tuple(faults))
    claim_wishes, class_wishes = of_claim.unwrap(), of_class.unwrap()
    claim_selectors = (claim_wishes.selector,) if claim_wishes.selector is not None else ()
    class_selectors = (class_wishes.selector,) if class_wishes.selector is not None else ()
    faults += _not_compiled(cluster, claim_selectors, _claim_path(claim), Fault.USER)
    faults += _not_compiled(cluster, class_selectors, _class_path(resource_class), Fault.ADMINISTRATOR)
    if faults:
        return Failure(tuple(faults))
    products = _product_selector(cluster.driver_name, class_wishes.products)
    return Success(
        Wanted(
            claim=claim,
            resource_class=resource_class,
            request=_request(claim, claim_wishes.count, claim_selectors),
            device_class=DeviceClass(
                metadata=ObjectMeta(name=resource_class.metadata.name),
                spec=DeviceClassSpec(selectors=_selectors((*products, *class_selectors))),
            ),
            sharing=claim_wishes.sharing or class_wishes.sharing,
        )
    )


def _request(claim: ClassicClaim, count: int, selectors: tuple[str, ...]) -> ResourceClaim:
    exactly = ExactDeviceRequest(
        device_class_name=claim.spec.resource_class_name,
        selectors=_selectors(selectors),
        allocation_mode="ExactCount",
        count=count,
    )
    meta = ObjectMeta(name=claim.metadata.name, namespace=claim.metadata.namespace, uid=claim.metadata.uid)
    devices = DeviceClaim(requests=(DeviceRequest(name=REQUEST, exactly=exactly),))
    return ResourceClaim(metadata=meta, spec=ResourceClaimSpec(devices=devices))


def _selectors(expressions: tuple[str, ...]) -> tuple[DeviceSelector, ...]:
    return tuple(DeviceSelector(cel=CelSelector(expression=expression)) for expression in expressions)


def _claim_wishes(cluster: ClassicCluster, claim: ClassicClaim) -> Result[ClaimWishes, Refusals]:
    reference = claim.spec.parameters_ref
    if reference is None:
        return Success(ClaimWishes())
    if reference.api_group != PARAMETERS_GROUP or reference.kind != CLAIM_PARAMETERS_KIND:
        what = f"{reference.api_group}/{reference.kind}"
        return Failure((_unknown_kind("spec.parametersRef", what, CLAIM_PARAMETERS_KIND, Fault.USER),))
    found = cluster.claim_parameters.get((claim.metadata.namespace, reference.name))
    if found is None:
        seen = f"there is no {CLAIM_PARAMETERS_KIND} {reference.name} in the namespace {claim.metadata.namespace}"
        return Failure((_missing("spec.parametersRef.name", seen, Fault.USER),))
    return _below(found, _claim_path(claim))


def _class_wishes(cluster: ClassicCluster, resource_class: ClassicClass) -> Result[ClassWishes, Refusals]:
    reference = resource_class.parameters_ref
    where = f"resourceclass {resource_class.metadata.name}: parametersRef"
    if reference is None:
        return Success(ClassWishes())
    if reference.api_group != PARAMETERS_GROUP or reference.kind != CLASS_PARAMETERS_KIND:
        what = f"{reference.api_group}/{reference.kind}"
        return Failure((_unknown_kind(where, what, CLASS_PARAMETERS_KIND, Fault.ADMINISTRATOR),))
    found = cluster.class_parameters.get(("", reference.name))
    if found is None:
        seen = f"there is no {CLASS_PARAMETERS_KIND} {reference.name}"
        return Failure((_missing(f"{where}.name", seen, Fault.ADMINISTRATOR),))
    return _below(found, _class_path(resource_class))


def _below(read: Result[_Wishes, Refusals], where: str) -> Result[_Wishes, Refusals]:
    if isinstance(read, Failure):
        wrong: Refusals = read.failure()
        return Failure(tuple(msgspec.structs.replace(fault, path=f"{where}{fault.path}") for fault in wrong))
    return read


def _claim_path(claim: ClassicClaim) -> str:
    reference = claim.spec.parameters_ref
    return f"gpuclaimparameters {reference.name}: " if reference is not None else ""


def _class_path(resource_class: ClassicClass) -> str:
    reference = resource_class.parameters_ref
    return f"deviceclassparameters {reference.name}: " if reference is not None else ""


def _not_compiled(
    cluster: ClassicCluster, expressions: tuple[str, ...], where: str, fault: Fault
) -> tuple[Refusal, ...]:
    refusals: list[Refusal] = []
    for expression in expressions:
        failure = cluster.questions.selector(expression)
        if failure is not None:
            refusals.append(
                Refusal(
                    code="SelectorNotUsable",
                    fault=fault,
                    path=f"{where}spec.selector",
                    seen=" ".join(failure.text.split()),
                    hint="see what a GPU offers: kubectl describe its node's NodeAllocationState",
                )
            )
    return tuple(refusals)


def _product_selector(driver_name: str, products: tuple[str, ...]) -> tuple[str, ...]:
    """An expression for devices whose product is any of the names; none for all."""
    if not products:
        return ()
    pattern = "|".join(_pattern(name) for name in products)
    text = msgspec.json.encode(f"^({pattern})$").decode()  # a JSON text is a CEL text
    return (f'device.attributes["{driver_name}"].model.matches({text})',)


def _pattern(name: str) -> str:
    """A name with ``*`` and ``?`` as a regular expression."""
    return re.escape(name).replace(r"\*", ".*").replace(r"\?", ".")


def _unknown_kind(path: str, seen: str, known: str, fault: Fault) -> Refusal:
    return Refusal(
        code="UnknownParametersKind",
        fault=fault,
        path=path,
        seen=f"{seen} is not a kind of parameters that this driver knows",
        hint=f"use {PARAMETERS_GROUP}/{known}",
    )


def _missing(path: str, seen: str, fault: Fault) -> Refusal:
    return Refusal(code="ParametersNotFound", fault=fault, path=path, seen=seen, hint="create it, or correct the name")
