"""What the server answers: an object, or why not."""

from __future__ import annotations

from typing import TypeAlias

import msgspec
from dra_core.snapshot.json_value import Json

from dra_sandbox.apiserver.problems import Problem


class Succeeded(msgspec.Struct, frozen=True):
    """A served request.

    Attributes:
        code: HTTP status, 200 or 201.
        body: The object, list, Table or Status.
        warnings: Sentences for the Warning header, which kubectl shows to people.
    """

    code: int
    body: Json
    warnings: tuple[str, ...] = ()


Answer: TypeAlias = Succeeded | Problem
