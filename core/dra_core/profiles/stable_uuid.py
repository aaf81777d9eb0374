"""UUIDs of mock hardware: the same for the same words, on every start."""

from __future__ import annotations

import hashlib


def stable_uuid(prefix: str, words: str) -> str:
    """``<prefix>-<8>-<4>-<4>-<4>-<12>`` hexadecimal digits."""
    digits = hashlib.sha256(words.encode()).hexdigest()
    return f"{prefix}-{digits[:8]}-{digits[8:12]}-{digits[12:16]}-{digits[16:20]}-{digits[20:32]}"
