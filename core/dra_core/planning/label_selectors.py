"""Label selectors (meta/v1) and what the API server and the scheduler add to them from a pod's own labels."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

import msgspec

from dra_core.snapshot.pod import LabelSelector, LabelSelectorRequirement

NAMESPACE_NAME = "kubernetes.io/metadata.name"  # the API server labels every namespace with its name


def label_selected(selector: LabelSelector | None, labels: Mapping[str, str]) -> bool:
    """Whether the labels are selected; no selector selects nothing, an empty one everything."""
    if selector is None or any(labels.get(key) != value for key, value in selector.match_labels.items()):
        return False
    for item in selector.match_expressions:
        value = labels.get(item.key)
        holds = {
            "In": value is not None and value in item.values,
            "NotIn": value is None or value not in item.values,
            "Exists": value is not None,
            "DoesNotExist": value is None,
        }.get(item.operator, False)
        if not holds:
            return False
    return True


def narrowed(
    selector: LabelSelector | None, labels: Mapping[str, str], match: Iterable[str], mismatch: Iterable[str] = ()
) -> LabelSelector | None:
    """The selector with the pod's own values of some labels required, or ruled out.

    Args:
        selector: As it is written.
        labels: Of the pod that it belongs to; keys that it does not have are left out.
        match: Keys whose value must be the pod's (``matchLabelKeys``).
        mismatch: Keys whose value must be another (``mismatchLabelKeys``).
    """
    if selector is None:
        return None
    added = [
        LabelSelectorRequirement(key=key, operator=operator, values=(labels[key],))
        for operator, keys in (("In", match), ("NotIn", mismatch))
        for key in keys
        if key in labels
    ]
    if not added:
        return selector
    return msgspec.structs.replace(selector, match_expressions=(*selector.match_expressions, *added))


def is_empty(selector: LabelSelector | None) -> bool:
    """Whether the selector says nothing and so selects everything."""
    return selector is not None and not selector.match_labels and not selector.match_expressions
