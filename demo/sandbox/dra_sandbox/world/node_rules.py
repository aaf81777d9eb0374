"""Which pods a node takes: selectors, affinity, taints (core/v1). For the scheduler and the DaemonSet controller."""

from __future__ import annotations

from dra_core.snapshot.json_value import Json, JsonObject, at, list_at, object_at, text_at

from dra_sandbox.world.objects import labels_of, name_of, objects_at, texts


def selects_node(pod_spec: JsonObject, node: JsonObject) -> bool:
    """Whether spec.nodeSelector and the required node affinity accept the node."""
    labels = labels_of(node)
    if any(labels.get(key) != value for key, value in texts(object_at(pod_spec, "nodeSelector")).items()):
        return False
    required = at(pod_spec, "affinity", "nodeAffinity", "requiredDuringSchedulingIgnoredDuringExecution")
    return required is None or node_selector_selects(required, node)


def node_selector_selects(selector: Json, node: JsonObject) -> bool:
    """core/v1 NodeSelector over plain JSON: one term must hold, each with all of its conditions."""
    return any(_term_holds(term, node) for term in objects_at(selector, "nodeSelectorTerms"))


def _term_holds(term: JsonObject, node: JsonObject) -> bool:
    expressions, fields = objects_at(term, "matchExpressions"), objects_at(term, "matchFields")
    if not expressions and not fields:
        return False
    labels = labels_of(node)
    return all(requirement_holds(item, labels.get(text_at(item, "key"))) for item in expressions) and all(
        requirement_holds(item, name_of(node) if text_at(item, "key") == "metadata.name" else None) for item in fields
    )


def requirement_holds(requirement: JsonObject, value: str | None) -> bool:
    """Whether a value, None for none, is what a selector's requirement asks for (core/v1, meta/v1)."""
    values = list_at(requirement, "values")
    match text_at(requirement, "operator"):
        case "In":
            return value is not None and value in values
        case "NotIn":
            return value is None or value not in values
        case "Exists":
            return value is not None
        case "DoesNotExist":
            return value is None
        case "Gt":
            return (
                _number(value) is not None and _number(values[0]) is not None and int(str(value)) > int(str(values[0]))
            )
        case "Lt":
            return (
                _number(value) is not None and _number(values[0]) is not None and int(str(value)) < int(str(values[0]))
            )
        case _:
            return False


def _number(value: Json) -> int | None:
    return int(value) if isinstance(value, str) and value.lstrip("-").isdigit() else None


def untolerated(
    taints: tuple[JsonObject, ...], tolerations: tuple[JsonObject, ...], effects: tuple[str, ...]
) -> JsonObject | None:
    """The first taint with one of the effects that no toleration accepts."""
    return next(
        (
            taint
            for taint in taints
            if text_at(taint, "effect") in effects and not any(tolerates(item, taint) for item in tolerations)
        ),
        None,
    )


def tolerates(toleration: JsonObject, taint: JsonObject) -> bool:
    """core/v1 Toleration; an empty key with Exists accepts everything, an empty effect every effect."""
    effect, key = text_at(toleration, "effect"), text_at(toleration, "key")
    if effect and effect != text_at(taint, "effect"):
        return False
    if key and key != text_at(taint, "key"):
        return False
    match text_at(toleration, "operator"):
        case "" | "Equal":
            return bool(key) and text_at(toleration, "value") == text_at(taint, "value")
        case "Exists":
            return True
        case _:
            return False


def node_taints(node: JsonObject) -> tuple[JsonObject, ...]:
    """spec.taints."""
    return objects_at(node, "spec", "taints")
