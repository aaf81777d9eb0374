"""The API server as every shell needs it: access, requests, and following what changes.

No `kubernetes` package: objects are plain JSON (decoded in a tenth of the time and memory), and failures are values.

    access = access_by_kubeconfig([Path("kubeconfig")])        # or access_in_pod(os.environ)
    server = ApiServer(access.unwrap(), user_agent="my-driver")
    server.get(NODES, "node-1")                                # Success(object) or Failure(ApiFailure)
    for news in Follower(server, PODS).news(): ...             # Listed, then Changed, Gone; Broken says what fails
"""

from dra_apiserver.access import Access, Identity, IdentityError
from dra_apiserver.client import Answer, ApiServer, Listing
from dra_apiserver.connect import connect
from dra_apiserver.failure import NO_ANSWER, ApiFailure
from dra_apiserver.follow import Broken, Changed, Follower, Gone, Listed, News
from dra_apiserver.generation import WANTED_GENERATIONS, WantedGeneration, find_api, wait_for_api
from dra_apiserver.in_pod import access_in_pod
from dra_apiserver.kubeconfig import kubeconfig_files
from dra_apiserver.kubeconfig_access import access_by_kubeconfig
from dra_apiserver.resource import (
    CLASSIC_CLAIMS,
    DEVICE_CLASSES,
    EVENTS,
    LEASES,
    NODE_STATES,
    NODES,
    PODS,
    RESOURCE_CLAIM_TEMPLATES,
    RESOURCE_CLAIMS,
    RESOURCE_SLICES,
    Resource,
)
from dra_apiserver.selection import EVERYTHING, Selection

__all__ = [
    "CLASSIC_CLAIMS",
    "DEVICE_CLASSES",
    "EVENTS",
    "EVERYTHING",
    "LEASES",
    "NODES",
    "NODE_STATES",
    "NO_ANSWER",
    "PODS",
    "RESOURCE_CLAIMS",
    "RESOURCE_CLAIM_TEMPLATES",
    "RESOURCE_SLICES",
    "WANTED_GENERATIONS",
    "Access",
    "Answer",
    "ApiFailure",
    "ApiServer",
    "Broken",
    "Changed",
    "Follower",
    "Gone",
    "Identity",
    "IdentityError",
    "Listed",
    "Listing",
    "News",
    "Resource",
    "Selection",
    "WantedGeneration",
    "access_by_kubeconfig",
    "access_in_pod",
    "connect",
    "find_api",
    "kubeconfig_files",
    "wait_for_api",
]
