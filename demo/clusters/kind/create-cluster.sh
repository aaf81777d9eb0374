#!/usr/bin/env bash
# Makes a kind cluster with two workers for Dynamic Resource Allocation.
#
#   demo/clusters/kind/create-cluster.sh
#
# Environment: CLUSTER (name, default drakit), NODE_IMAGE (default: the newest that this kind knows; it must be
# Kubernetes 1.34 or newer), KIND_EXPERIMENTAL_PROVIDER=podman for podman.
set -euo pipefail
cd "$(dirname "$0")"

command -v kind >/dev/null || { echo "create-cluster.sh: kind is not on the PATH (https://kind.sigs.k8s.io)" >&2; exit 1; }
cluster="${CLUSTER:-drakit}"
if kind get clusters 2>/dev/null | grep -qx "$cluster"; then
  echo "cluster $cluster is there already"
else
  arguments=()
  [ -n "${NODE_IMAGE:-}" ] && arguments+=(--image "$NODE_IMAGE")
  kind create cluster --name "$cluster" --config kind.yaml --wait 3m "${arguments[@]}"
fi
echo "next: demo/clusters/kind/install-driver.sh"
