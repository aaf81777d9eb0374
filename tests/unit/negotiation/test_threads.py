"""Records are ready for threads as soon as the package is imported; a crash would end the process, so it is another."""

from __future__ import annotations

import subprocess
import sys

PROGRAM = """
import sys, threading
from dra_core.allocation.cel_language import CelLanguage
from dra_core.allocation.selectors import Questions
from dra_core.negotiation import ClassicCluster, knowing
sys.setswitchinterval(1e-6)
owner = {"apiVersion": "v1", "kind": "Pod", "name": "n", "uid": "u"}
meta = {"name": "x", "namespace": "y", "ownerReferences": [owner]}
objects = [
    ("ResourceClaim", {"metadata": meta, "spec": {"resourceClassName": "a"}}),
    ("NodeAllocationState", {"metadata": meta}),
    ("PodSchedulingContext", {"metadata": meta}),
    ("ResourceClass", {"metadata": meta, "driverName": "d"}),
    ("Node", {"metadata": meta}),
    ("Pod", {"metadata": meta}),
    ("GpuClaimParameters", {"metadata": meta, "spec": {"sharing": {"strategy": "TimeSlicing"}}}),
    ("DeviceClassParameters", {"metadata": meta, "spec": {"sharing": {"strategy": "TimeSlicing"}}}),
]
cluster = ClassicCluster(driver_name="d", questions=Questions(CelLanguage()))
barrier = threading.Barrier(len(objects))
def see(kind, value):
    barrier.wait()
    knowing(cluster, kind, value)
threads = [threading.Thread(target=see, args=each) for each in objects]
for thread in threads: thread.start()
for thread in threads: thread.join()
"""


def test_threads_that_decode_for_the_first_time_do_not_crash() -> None:
    for _ in range(5):
        done = subprocess.run([sys.executable, "-c", PROGRAM], capture_output=True, text=True, timeout=100)
        assert done.returncode == 0, done.stderr
