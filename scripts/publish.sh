#!/usr/bin/env bash
# Pushes the image, for two architectures, and the chart of a version.
#   REGISTRY=ghcr.io/hc-health REGISTRY_USER=… REGISTRY_TOKEN=… scripts/publish.sh v1.2.3
set -euo pipefail
cd "$(dirname "$0")/.."

version=${1#v}
[[ $version =~ ^[0-9]+\.[0-9]+\.[0-9]+(-[0-9A-Za-z.-]+)?$ ]] || {
  echo "publish.sh: \"$1\" is no version: write v1.2.3" >&2
  exit 2
}
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
# What we log in with is gone when we are.
export DOCKER_CONFIG=$work HELM_REGISTRY_CONFIG=$work/helm.json

docker login "${REGISTRY%%/*}" --username "$REGISTRY_USER" --password-stdin <<<"$REGISTRY_TOKEN"
docker buildx create --use >/dev/null # the default builder makes one architecture at a time
docker buildx build --push --platform linux/amd64,linux/arm64 --build-arg "VERSION=v$version" \
  --provenance=mode=max --sbom=true --tag "$REGISTRY/hc:$version" .

helm package deploy/helm/hc --version "$version" --app-version "$version" --destination "$work"
helm registry login "${REGISTRY%%/*}" --username "$REGISTRY_USER" --password-stdin <<<"$REGISTRY_TOKEN"
helm push "$work/hc-$version.tgz" "oci://$REGISTRY/charts"
