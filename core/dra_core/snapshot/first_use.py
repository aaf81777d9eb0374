"""Make records ready to be decoded by several threads.

msgspec 0.22 works out how a record is decoded at its first use, and lets go of the interpreter meanwhile: a second
thread that decodes the same record, or one that shares a part with it, then finds half of it and crashes the process
(seen: 19 of 60 processes with eight threads). Who decodes in threads calls this when it is imported.
"""

from __future__ import annotations

import msgspec


def make_ready(*record_types: type[msgspec.Struct]) -> None:
    """Work out how these records are decoded, with all records in them."""
    for record_type in record_types:
        msgspec.json.Decoder(record_type)
