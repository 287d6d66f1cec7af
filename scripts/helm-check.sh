#!/usr/bin/env bash
# Checks the Helm chart: lint, schemas of Kubernetes and prometheus-operator, and
# what deploy/helm/verify asserts, which includes that hc runs with the arguments
# rendered. Wants helm and kubectl-validate in PATH, and bin/hc.
#   scripts/helm-check.sh MODULE@VERSION     (of prometheus-operator: its CRDs)
set -euo pipefail
cd "$(dirname "$0")/.."

chart=deploy/helm/hc
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

mkdir "$work/crds" "$work/good" "$work/bad"
operator=$(go mod download -json "$1" | sed -n 's/^\t"Dir": "\(.*\)",\?$/\1/p')
for kind in servicemonitors probes; do
  cp "$operator/example/prometheus-operator-crd/monitoring.coreos.com_$kind.yaml" "$work/crds"
done
validate() {
  for version in 1.27 1.30; do # the oldest the chart is for, and the newest known here
    kubectl-validate --version "$version" --local-crds "$work/crds" "$1"
  done
}

for values in "$chart"/ci/*.yaml; do
  name=$(basename "$values")
  helm lint --strict --quiet "$chart" --values "$values"
  helm template try "$chart" --values "$values" >"$work/good/$name"
  sed 's/containerPort/containerport/' "$work/good/$name" >"$work/bad/$name"
done
validate "$work/good"
if validate "$work/bad" >/dev/null 2>&1; then
  echo "helm-check: manifests that are wrong on purpose passed kubectl-validate" >&2
  exit 1
fi

HELM=$(command -v helm) HC=$PWD/bin/hc go test -C deploy/helm/verify -count=1 -timeout 5m ./...
