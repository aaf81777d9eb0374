#!/bin/sh
# Renders the chart for the embedded cluster into driver.yaml. Needs helm, on the PATH or as $HELM.
set -eu
folder=$(cd "$(dirname "$0")" && pwd)
chart=$folder/../../../helm/dra-example-driver
rendered=$("${HELM:-helm}" template dra-example-driver "$chart" --namespace dra-example-driver --kube-version 1.37.2)
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
} > "$folder/driver.yaml"
