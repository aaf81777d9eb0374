#!/usr/bin/env bash
# Builds the driver's image with whatever is there: docker, podman or buildah.
#
#   demo/build-driver.sh                 # docker.io/drakit/dra-example-driver:v<version of the chart>
#   demo/build-driver.sh --output F.tar  # and saves it as a docker archive, to load into a cluster
#
# Environment: IMAGE (name:tag), BUILDER (docker|podman|buildah), BASE (base image, or a root file system as .tar for
# buildah; without a registry: demo/clusters/local/cluster base-image makes one).
set -euo pipefail
cd "$(dirname "$0")/.."

output=""
while [ $# -gt 0 ]; do
  case "$1" in
    --output) output="${2:?--output wants a file}"; shift 2 ;;
    -h|--help) sed -n '2,9s/^# \{0,1\}//p' "$0"; exit 0 ;;
    *) echo "build-driver.sh: unknown argument '$1' (see --help)" >&2; exit 2 ;;
  esac
done

version="$(sed -n 's/^appVersion: *"\{0,1\}\([^"]*\)"\{0,1\}$/\1/p' helm/dra-example-driver/Chart.yaml)"
image="${IMAGE:-docker.io/drakit/dra-example-driver:v${version}}"
builder="${BUILDER:-}"
if [ -z "$builder" ]; then
  for candidate in docker podman buildah; do
    # A docker client without an engine builds nothing.
    if command -v "$candidate" >/dev/null && { [ "$candidate" != docker ] || docker info >/dev/null 2>&1; }; then
      builder="$candidate"; break
    fi
  done
fi
[ -n "$builder" ] || { echo "build-driver.sh: none of docker (with a running engine), podman, buildah is here" >&2; exit 1; }

# The build's pip reaches its index as this machine's pip does. These are secrets of the build: no layer keeps them.
secrets="$(mktemp -d)"
trap 'rm -rf "$secrets"' EXIT
settings="$(python3 -m pip config list 2>/dev/null || true)"
setting() { sed -nE "s/^[^=]*\.($1)='?([^']*)'?\$/\2/p" <<<"$settings" | tail -n 1; }
echo "[global]" >"$secrets/pip-conf"
for name in index-url extra-index-url trusted-host proxy default-timeout; do
  value="$(setting "$name")"
  [ -z "$value" ] || echo "$name = $value" >>"$secrets/pip-conf"
done
arguments=(--secret "id=pip-conf,src=$secrets/pip-conf")
certificates="$(setting cert)"
if [ -r "$certificates" ]; then
  echo "cert = /etc/pip-cert.pem" >>"$secrets/pip-conf"
  arguments+=(--secret "id=pip-cert,src=$certificates")
fi

case "$builder" in
  docker|podman)
    [ -n "${BASE:-}" ] && arguments+=(--build-arg "BASE=$BASE")
    "$builder" build --tag "$image" "${arguments[@]}" .
    if [ -n "$output" ]; then rm -f "$output"; "$builder" save --output "$output" "$image"; fi
    ;;
  buildah)
    # Without an engine, chroot is the isolation that always works; copies (vfs) are the storage that always works.
    export BUILDAH_ISOLATION="${BUILDAH_ISOLATION:-chroot}"
    if [ -z "${STORAGE_DRIVER:-}" ]; then
      export STORAGE_DRIVER=overlay
      buildah info >/dev/null 2>&1 || STORAGE_DRIVER=vfs
    fi
    base="${BASE:-}"
    case "$base" in
      *.tar)
        name="localhost/drakit-base:$(sha256sum "$base" | cut -c1-12)"
        if ! buildah inspect --type image "$name" >/dev/null 2>&1; then
          container="$(buildah from scratch)"
          buildah add --quiet "$container" "$base" / >/dev/null
          buildah commit --quiet --rm "$container" "$name" >/dev/null
        fi
        base="$name" ;;
    esac
    [ -n "$base" ] && arguments+=(--build-arg "BASE=$base" --pull=never)
    buildah build --layers --force-rm --network host --tag "$image" "${arguments[@]}" .
    if [ -n "$output" ]; then rm -f "$output"; buildah push --quiet "$image" "docker-archive:$output:$image"; fi
    ;;
  *) echo "build-driver.sh: BUILDER is '$builder', not docker, podman or buildah" >&2; exit 2 ;;
esac
echo "built $image${output:+, saved to $output}"
