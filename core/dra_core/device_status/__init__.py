"""What a driver reports about allocated devices: ``status.devices`` of a ResourceClaim (KEP-4817, KEP-5007).

``ready`` says what is to be reported; ``report`` makes of it a patch over the claim as it was read.
"""

from dra_core.device_status.ready import readiness, ready
from dra_core.device_status.report import DeviceReport, report

__all__ = ["DeviceReport", "readiness", "ready", "report"]
