"""Which file of the CDI directory holds what: ``k8s.<driver>-<profile>_<claim UID>.json``.

The form before the extension is the one that CDI's own library makes for transient specs, so files that Kubernetes'
example driver left behind (``.yaml``) are known again.
"""

from __future__ import annotations

from dra_core.cdi.identity import COMMON_DEVICE, vendor

_EXTENSIONS = (".json", ".yaml")
_METADATA = ".metadata"
"""Not an extension that runtimes load: what they mount into containers."""


def file_prefix(driver_name: str, profile_name: str) -> str:
    """How the names of all files of this driver and profile begin."""
    return f"{vendor(driver_name)}-{profile_name}_"


def claim_file_name(driver_name: str, profile_name: str, claim_uid: str) -> str:
    """The file with a claim's devices."""
    return f"{file_prefix(driver_name, profile_name)}{claim_uid}.json"


def common_file_name(driver_name: str, profile_name: str) -> str:
    """The file with the common device."""
    return f"{file_prefix(driver_name, profile_name)}{COMMON_DEVICE}.json"


def metadata_file_name(driver_name: str, profile_name: str, claim_uid: str, request: str) -> str:
    """The file that describes the devices of a claim's request to containers."""
    return f"{file_prefix(driver_name, profile_name)}{claim_uid}_{request}{_METADATA}"


def claim_uid_of(driver_name: str, profile_name: str, file_name: str) -> str | None:
    """The claim whose file this is; None for the common file and for files that are not this driver's."""
    prefix = file_prefix(driver_name, profile_name)
    if file_name.startswith(prefix) and file_name.endswith(_METADATA):
        return file_name[len(prefix) :].rpartition("_")[0] or None
    extension = next((each for each in _EXTENSIONS if file_name.endswith(each)), None)
    if extension is None or not file_name.startswith(prefix):
        return None
    middle = file_name[len(prefix) : -len(extension)]
    return middle if middle and middle != COMMON_DEVICE else None
