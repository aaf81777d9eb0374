"""Literals that are wrong whatever the device: patterns, durations, timestamps, mixed lists and maps.

Kubernetes has cel-go look for them when it compiles (ASTValidators of its base environment).
"""

from __future__ import annotations

from dra_core.cel.regular_expression import compiled
from dra_core.cel.syntax import Call, Literal, Node, walk
from dra_core.cel.times import duration, timestamp
from dra_core.cel.values import EvaluationError

_PATTERNS = {"matches": 1}
"""The argument that is a pattern, by function."""


def literal_fault(root: Node, text: str) -> str:  # noqa: ARG001
    """What is wrong, in the compiler's words; "" if nothing is."""
    for node in walk(root):
        if not isinstance(node, Call):
            continue
        arguments = node.arguments if node.target is None else (node.target, *node.arguments)
        last = arguments[-1] if arguments else None
        if not isinstance(last, Literal) or not isinstance(last.value, str):
            continue
        try:
            if node.function == "duration":
                duration(last.value)
            elif node.function == "timestamp":
                timestamp(last.value)
            elif node.function in _PATTERNS:
                compiled(last.value)
        except EvaluationError as error:
            return f"compilation failed: ERROR: <input>:1:1: invalid {node.function} argument: {error.text}"
    return ""
