#!/usr/bin/env bash
# Builds the driver's image, loads it into the kind cluster, and installs or upgrades the chart.
#
#   demo/clusters/kind/install-driver.sh [helm's own arguments, e.g. --set kubeletPlugin.numDevices=4]
#
# Environment: CLUSTER (name, default drakit), BUILDER (docker or podman).
set -euo pipefail
cd "$(dirname "$0")/../../.."

for program in kind kubectl helm; do
  command -v "$program" >/dev/null || { echo "install-driver.sh: $program is not on the PATH" >&2; exit 1; }
done
cluster="${CLUSTER:-drakit}"
# A tag for each build: under the tag of the last one the DaemonSet would not change.
tag="built-$(date +%s)"
image="docker.io/drakit/dra-example-driver:$tag"
archive="$(mktemp --suffix=.tar)"
trap 'rm -f "$archive"' EXIT

IMAGE="$image" demo/build-driver.sh --output "$archive"
kind load image-archive --name "$cluster" "$archive"
helm upgrade --install dra-example-driver helm/dra-example-driver --kube-context "kind-$cluster" \
  --namespace dra-example-driver --create-namespace --set "image.tag=$tag" --wait --timeout 3m "$@"
kubectl --context "kind-$cluster" get nas --namespace dra-example-driver
