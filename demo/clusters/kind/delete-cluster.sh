#!/usr/bin/env bash
# Deletes the kind cluster; none there is fine. Environment: CLUSTER (name, default drakit).
set -euo pipefail

command -v kind >/dev/null || { echo "delete-cluster.sh: kind is not on the PATH" >&2; exit 1; }
kind delete cluster --name "${CLUSTER:-drakit}"
