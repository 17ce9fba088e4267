#!/bin/bash
# sysroot.sh ARCHITECTURE FOLDER PACKAGE...: Debian packages of another architecture, with all
# that they depend on, unpacked into a folder to compile and link against.
#
# Nothing is installed: apt works out and fetches the packages as if this machine were an empty
# one of that architecture (its state stands in FOLDER.apt), from the sources that this machine
# knows, and dpkg only unpacks.  So no right of an administrator is needed, and packages that
# cannot be installed for two architectures side by side do not matter.
#
# What is there already stays: the second call costs nothing, and another package costs itself.
set -euo pipefail

[ $# -ge 3 ] || {
    echo "usage: sysroot.sh ARCHITECTURE FOLDER PACKAGE..." >&2
    exit 2
}
architecture=$1
root=$2
shift 2
wanted="$architecture $*"
[ "$(cat "$root/packages" 2>/dev/null)" != "$wanted" ] || exit 0

echo "sysroot: $architecture packages for $root" >&2
state=$(realpath -m "$root").apt
mkdir -p "$state"/{lists,archives}/partial
: >"$state/status" # nothing is installed on that machine
apt=(apt-get -qq
    -o APT::Architecture="$architecture" -o APT::Architectures="$architecture"
    -o APT::Sandbox::User=root -o Acquire::Retries=3 -o Debug::NoLocking=1
    -o Dir::State="$state" -o Dir::State::status="$state/status"
    -o Dir::State::lists="$state/lists"
    -o Dir::Cache="$state" -o Dir::Cache::archives="$state/archives")
"${apt[@]}" update || echo "sysroot: a list of packages could not be had; going on without it" >&2
"${apt[@]}" install --yes --no-install-recommends --download-only "$@"

rm -rf "$root" "$root.part"
mkdir "$root.part"
for package in "$state"/archives/*.deb; do
    dpkg-deb --extract "$package" "$root.part"
done
# Programs ask for their loader in /lib, where newer Debians have nothing but a link.
[ -e "$root.part/lib" ] || ln -s usr/lib "$root.part/lib"
# A link to /lib/... would lead into this machine.
find "$root.part" -type l -lname '/*' -print0 | while IFS= read -r -d '' link; do
    ln -snf --relative "$root.part$(readlink "$link")" "$link"
done
echo "$wanted" >"$root.part/packages"
mv "$root.part" "$root"
