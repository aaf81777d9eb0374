#!/usr/bin/env bash
# Makes a kind cluster with two workers for Dynamic Resource Allocation.
#
#   demo/clusters/kind/create-cluster.sh
#   API=classic demo/clusters/kind/create-cluster.sh    # Kubernetes 1.30 with resource.k8s.io/v1alpha2
#
# Environment: API (modern or classic, default modern), CLUSTER (name, default drakit), NODE_IMAGE (default: the newest
# that this kind knows; it must be Kubernetes 1.34 or newer, for classic 1.27 to 1.30), KIND_EXPERIMENTAL_PROVIDER=podman
# for podman.
set -euo pipefail
cd "$(dirname "$0")"

command -v kind >/dev/null || { echo "create-cluster.sh: kind is not on the PATH (https://kind.sigs.k8s.io)" >&2; exit 1; }
cluster="${CLUSTER:-drakit}"
case "${API:-modern}" in
  modern) config=kind.yaml; image="${NODE_IMAGE:-}" ;;
  classic) config=kind-classic.yaml; image="${NODE_IMAGE:-kindest/node:v1.30.13}" ;;
  *) echo "create-cluster.sh: API is '$API', not modern or classic" >&2; exit 2 ;;
esac
if kind get clusters 2>/dev/null | grep -qx "$cluster"; then
  echo "cluster $cluster is there already"
else
  arguments=()
  [ -n "$image" ] && arguments+=(--image "$image")
  kind create cluster --name "$cluster" --config "$config" --wait 3m "${arguments[@]}"
fi
echo "next: demo/clusters/kind/install-driver.sh"
