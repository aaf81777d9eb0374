#!/bin/sh
# Renders the chart for the embedded cluster, one file for each generation. Needs helm, on the PATH or as $HELM.
set -eu
folder=$(cd "$(dirname "$0")" && pwd)
chart=$folder/../../../helm/dra-example-driver
render() { # file, version of Kubernetes, generation
  rendered=$("${HELM:-helm}" template dra-example-driver "$chart" --namespace dra-example-driver --include-crds \
    --kube-version "$2" --set "apiGeneration=$3")
  {
    cat <<'HEAD'
# The example driver for the embedded cluster: its namespace, then the chart helm/dra-example-driver as
# `helm template` renders it. Made by render.sh beside this file.
---
apiVersion: v1
kind: Namespace
metadata:
  name: dra-example-driver
HEAD
    printf '%s\n' "$rendered"
  } > "$folder/$1"
}
render driver.yaml 1.37.2 modern
render driver-classic.yaml 1.30.14 classic
