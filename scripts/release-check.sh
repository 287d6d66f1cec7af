#!/usr/bin/env bash
# What a release of this commit would be, without one: the configuration, the
# packages, unpacked and run, and the same bytes from a build that shares nothing
# with that of the packages. They are left in dist/. Wants goreleaser and
# cyclonedx-gomod in PATH.
set -euo pipefail
cd "$(dirname "$0")/.."

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
fail() {
  echo "release-check: $*" >&2
  exit 1
}

# A release is made of what is committed, by Go as it is on anybody's machine.
unset GOFLAGS
export GIT_CONFIG_GLOBAL=$work/gitconfig
git config --global safe.directory "$PWD" # whoever it belongs to
git config --global --add safe.directory "$PWD/.git"
git clone -q . "$work/release"
git clone -q . "$work/some/other/place"

goreleaser check
(cd "$work/release" && goreleaser release --snapshot --skip=publish)
rm -rf dist
cp -r "$work/release/dist" dist
version=v$(sed -n 's/.*"version":"\([^"]*\)".*/\1/p' dist/metadata.json)

# All of it is there.
(cd dist && sha256sum --quiet -c checksums.txt)
for os in linux darwin windows; do
  for arch in amd64 arm64; do
    for kind in archive sbom; do
      case $kind-$os in
        archive-windows) ending=zip ;;
        archive-*) ending=tar.gz ;;
        *) ending=cdx.json ;;
      esac
      [ -s "dist/hc_${version#v}_${os}_$arch.$ending" ] || fail "no $kind for $os/$arch"
    done
  done
done
for arch in amd64 arm64; do
  [ -s "dist/hc_${version#v}_linux_$arch.rpm" ] || fail "no rpm for $arch"
done

# The deb, unpacked and run.
deb=dist/hc_${version#v}_linux_$(go env GOARCH).deb
dpkg -x "$deb" "$work/root"
hc=$work/root/usr/bin/hc
for file in man/man1/hc.1.gz bash-completion/completions/hc zsh/vendor-completions/_hc fish/vendor_completions.d/hc.fish doc/hc/copyright; do
  [ -s "$work/root/usr/share/$file" ] || fail "$deb has no /usr/share/$file"
done
said=$("$hc" version)
[[ $said == "hc $version "* ]] || fail "the packaged hc says $said, and it is $version"
"$hc" demo >/dev/null || fail "the packaged hc demo: exit $?"
for part in gateway worker; do
  unit=$work/root/usr/lib/systemd/system/hc-$part.service
  grep -q "^ExecStart=/usr/bin/hc serve $part\$" "$unit" || fail "hc-$part.service starts something else"
  [ "$(stat -c %a "$work/root/etc/hc/$part.env")" = 600 ] || fail "others may read $part.env"
  # What the env file offers is a setting.
  "$hc" serve "$part" --help >"$work/help"
  while read -r variable; do
    flag=$(tr '[:upper:]_' '[:lower:]-' <<<"$variable")
    grep -q -- "--$flag " "$work/help" || fail "$part.env: hc serve $part has no --$flag"
  done < <(sed -n 's/^#HC_\([A-Z_]*\)=.*/\1/p' "$work/root/etc/hc/$part.env")
done
echo "$deb: $said"

# The same bytes: another directory, nothing compiled before, and the command that
# docs/releasing.md gives.
for target in linux/amd64 windows/arm64; do
  os=${target%/*} arch=${target#*/}
  (cd "$work/some/other/place" && GOCACHE=$work/cache CGO_ENABLED=0 GOOS=$os GOARCH=$arch \
    go build -trimpath -ldflags "-s -w -X main.version=$version" -o "$work/again" ./cmd/hc)
  cmp "$work/again" dist/hc_"$os"_"$arch"*/hc* || fail "$target: two builds, two programs"
  echo "$target: $(sha256sum <"$work/again" | cut -d' ' -f1) twice"
done
