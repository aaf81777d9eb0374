"""ValidatingAdmissionPolicies: expressions of administrators over a request (admissionregistration.k8s.io/v1).

Evaluated by cel-expr-python with CEL's standard library, optional values and the extensions for strings, lists, sets
and bindings. Kubernetes' own libraries (authorizer, quantity, url, ...) and parameters (paramKind) are not there: a
policy that uses them fails, and ``failurePolicy`` says what a failure means.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from functools import cache
from typing import TYPE_CHECKING

import msgspec
from dra_core.snapshot.json_value import Json, JsonObject, list_at, object_at, text_at, thaw

from dra_sandbox.apiserver.problems import Problem, forbidden
from dra_sandbox.apiserver.requests import Request
from dra_sandbox.apiserver.selection import selects_labels
from dra_sandbox.apiserver.store import Store
from dra_sandbox.world.objects import labels_of, name_of, objects_at

if TYPE_CHECKING:
    from typing import Protocol

    class _Value(Protocol):
        def value(self) -> object: ...
        def type(self) -> object: ...

    class _Expression(Protocol):
        def eval(self, *, data: Mapping[str, object]) -> _Value: ...


_GROUP = "admissionregistration.k8s.io"
_NAMES = ("object", "oldObject", "request", "namespaceObject", "params")
_VARIABLE = re.compile(r"\bvariables\.([A-Za-z_][A-Za-z0-9_]*)")
_EXTENSIONS = ("optional", "strings", "lists", "sets", "bindings", "math")
_OPERATIONS = {"create": "CREATE", "update": "UPDATE", "patch": "UPDATE", "delete": "DELETE"}


class Failed(msgspec.Struct, frozen=True):
    """An expression that has no value."""

    text: str


def policy_against(store: Store, request: Request, value: JsonObject | None, old: JsonObject | None) -> Problem | None:
    """The first policy that denies the request, in its own words; ``value`` is None for a deletion."""
    for binding in store.of(f"{_GROUP}/validatingadmissionpolicybindings").values():
        if "Deny" not in list_at(binding, "spec", "validationActions"):
            continue
        name = text_at(binding, "spec", "policyName")
        policy = store.get(f"{_GROUP}/validatingadmissionpolicies", ("", name))
        if policy is None or request.resource.group == _GROUP:
            continue
        constraints = (object_at(policy, "spec", "matchConstraints"), object_at(binding, "spec", "matchResources"))
        if not all(_matches(store, one, request, value, old) for one in constraints):
            continue
        why = _verdict(policy, _input(store, request, value, old))
        if why:
            message = f"ValidatingAdmissionPolicy '{name}' with binding '{name_of(binding)}' denied request: {why[0]}"
            problem = forbidden(request.resource, request.name or name_of(value or {}), message)
            return msgspec.structs.replace(problem, code=_CODES[why[1]], reason=why[1])
    return None


_CODES = {"Invalid": 422, "Forbidden": 403, "Unauthorized": 401, "RequestEntityTooLarge": 413}


def _matches(
    store: Store, constraints: JsonObject, request: Request, value: JsonObject | None, old: JsonObject | None
) -> bool:
    if not constraints:
        return True
    operation = _operation(request, value, old)
    rules = objects_at(constraints, "resourceRules")
    if rules and not any(_rule_matches(rule, request, operation) for rule in rules):
        return False
    if any(_rule_matches(rule, request, operation) for rule in objects_at(constraints, "excludeResourceRules")):
        return False
    selector = object_at(constraints, "objectSelector")
    if selector and not any(selects_labels(selector, labels_of(one)) for one in (value, old) if one is not None):
        return False
    namespace = store.get("/namespaces", ("", request.namespace))
    selector = object_at(constraints, "namespaceSelector")
    return not selector or namespace is None or selects_labels(selector, labels_of(namespace))


def _operation(request: Request, value: JsonObject | None, old: JsonObject | None) -> str:
    if value is None:
        return "DELETE"
    return "CREATE" if old is None else _OPERATIONS[request.verb]


def _rule_matches(rule: JsonObject, request: Request, operation: str) -> bool:
    resource = request.resource
    plural = f"{resource.plural}/{request.subresource}" if request.subresource else resource.plural

    def has(key: str, *wanted: str) -> bool:
        listed = list_at(rule, key)
        return any(one in listed for one in wanted)

    star = ("*/*", f"*/{request.subresource}") if request.subresource else ("*", "*/*")
    names = list_at(rule, "resourceNames")
    return (
        has("operations", "*", operation)
        and has("apiGroups", "*", resource.group)
        and has("apiVersions", "*", resource.version)
        and has("resources", plural, *star)
        and (not names or request.name in names)
    )


def _input(store: Store, request: Request, value: JsonObject | None, old: JsonObject | None) -> dict[str, object]:
    """The variables of an expression."""
    who, resource = request.identity, request.resource
    extra: dict[str, list[str]] = {}
    if who.node:
        extra["authentication.kubernetes.io/node-name"] = [who.node]
    if who.pod:
        extra["authentication.kubernetes.io/pod-name"] = [who.pod]
    about: dict[str, object] = {
        "operation": _operation(request, value, old),
        "kind": {"group": resource.group, "version": resource.version, "kind": resource.kind},
        "resource": {"group": resource.group, "version": resource.version, "resource": resource.plural},
        "subResource": request.subresource,
        "name": request.name or name_of(value or {}),
        "namespace": request.namespace,
        "dryRun": request.options.dry_run,
        "userInfo": {"username": who.user, "groups": list(who.groups), "uid": "", "extra": extra},
    }
    return {
        "object": thaw(value),
        "oldObject": thaw(old),
        "request": about,
        "namespaceObject": thaw(store.get("/namespaces", ("", request.namespace))),
        "params": None,
    }


def _verdict(policy: JsonObject, given: dict[str, object]) -> tuple[str, str] | None:
    """Why a policy is against it, and the reason's name."""
    ignore = text_at(policy, "spec", "failurePolicy") == "Ignore"
    for condition in objects_at(policy, "spec", "matchConditions"):
        found = _evaluated(text_at(condition, "expression"), given)
        if isinstance(found, Failed):
            return None if ignore else (f"matchCondition '{text_at(condition, 'name')}': {found.text}", "Invalid")
        if found is not True:
            return None
    variables: dict[str, str] = {}
    for variable in objects_at(policy, "spec", "variables"):
        variables[text_at(variable, "name")] = _composed(text_at(variable, "expression"), variables)
    return next(_denials(objects_at(policy, "spec", "validations"), given, variables, ignore=ignore), None)


def _composed(expression: str, variables: Mapping[str, str]) -> str:
    """The expression with each variable's own in its place: evaluated when it is used, whatever its type."""
    return _VARIABLE.sub(lambda used: f"({variables[used[1]]})" if used[1] in variables else used[0], expression)


def _denials(
    validations: Sequence[JsonObject], data: Mapping[str, object], variables: Mapping[str, str], *, ignore: bool
) -> Iterator[tuple[str, str]]:
    for validation in validations:
        expression = text_at(validation, "expression")
        found = _evaluated(_composed(expression, variables), data)
        reason = text_at(validation, "reason")
        if isinstance(found, Failed):
            if not ignore:
                yield f"expression '{expression}' resulted in error: {found.text}", "Invalid"
        elif found is not True:
            told = text_at(validation, "messageExpression")
            said = _evaluated(_composed(told, variables), data) if told else ""
            message = said if isinstance(said, str) and said else text_at(validation, "message")
            yield message or f"failed expression: {expression}", reason if reason in _CODES else "Invalid"


def _evaluated(expression: str, data: Mapping[str, object]) -> object:
    try:
        found = _compiled(expression).eval(data=data)
        return Failed(str(found.value())) if str(found.type()) == "ERROR" else found.value()
    except (ImportError, RuntimeError, ValueError, TypeError) as error:
        return Failed(str(error))


@cache
def _compiled(expression: str) -> _Expression:
    """A compiled expression: a pure value, kept because compiling takes milliseconds."""
    from cel_expr_python import cel  # only those who have policies wait for it

    config: Json = {
        "extensions": [{"name": name} for name in _EXTENSIONS],
        "variables": [{"name": name, "type_name": "dyn"} for name in _NAMES],
    }
    environment = cel.NewEnv(config=cel.NewEnvConfigFromYaml(msgspec.json.encode(config).decode()))
    compiled: _Expression = environment.compile(expression)
    return compiled
