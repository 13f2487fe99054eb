#!/bin/sh
# The Debian package, in build/deb: what git tracks, with dist/debian as debian/. lintian has the last
# word. DEB_BUILD_OPTIONS is dpkg-buildpackage's.
set -eu
cd "$(dirname "$0")/.."
version=$(sed -n 's/^#define DAVSCOPE_VERSION "\(.*\)"/\1/p' base/base.h)
packaged=$(sed -n '1s/^davscope (\(.*\)-[^-]*) .*/\1/p' dist/debian/changelog)
[ "$version" = "$packaged" ] || {
	echo "deb: dist/debian/changelog is about $packaged, this is $version" >&2
	exit 1
}
tree=build/deb/davscope-$version
rm -rf build/deb
mkdir -p "$tree"
git ls-files -z --deduplicate | xargs -0 tar -cf - -- | tar -xf - -C "$tree"
cp -r "$tree/dist/debian" "$tree/debian"
: "${DEB_BUILD_OPTIONS:=parallel=$(nproc 2>/dev/null || echo 2)}"
export DEB_BUILD_OPTIONS
(cd "$tree" && dpkg-buildpackage -us -uc -b) >build/deb/log 2>&1 || {
	tail -n 40 build/deb/log
	exit 1
}
lintian --fail-on error build/deb/*.changes
echo build/deb/*.deb
