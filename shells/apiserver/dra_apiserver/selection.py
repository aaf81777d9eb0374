"""Which objects of a kind are asked for."""

from __future__ import annotations

from urllib.parse import urlencode

import msgspec


class Selection(msgspec.Struct, frozen=True, kw_only=True):
    """All objects, those of a namespace, or those that selectors choose.

    Attributes:
        namespace: "" for all namespaces, and for resources that have none.
        fields: A field selector, e.g. ``spec.nodeName=node-1``; which fields there are depends on the resource.
        labels: A label selector.
    """

    namespace: str = ""
    fields: str = ""
    labels: str = ""

    def query(self, **parameters: str) -> str:
        """The query string, with more parameters; those without a value are left out."""
        every = {"fieldSelector": self.fields, "labelSelector": self.labels, **parameters}
        return urlencode({name: value for name, value in every.items() if value})


EVERYTHING = Selection()
