#!/bin/sh
# build-deb.sh [PYTHON]: makes dist/edgevision_VERSION_all.deb, with the wheel that PYTHON's pip builds.
set -eu
umask 022
cd "$(dirname "$0")/.."
python=${1:-python3}
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
package=$work/package
source=$work/source
share=$package/usr/share/edgevision
doc=$package/usr/share/doc/edgevision

# A copy, for building leaves files behind.
mkdir "$source"
cp -R edgevision models setup.cfg pyproject.toml README.md LICENSE "$source"
mkdir -p "$share" "$package/DEBIAN" "$package/usr/bin"
"$python" -m pip wheel --quiet --disable-pip-version-check --no-deps --wheel-dir "$share" "$source"

install -D -m 0644 systemd/edgevision.yaml "$package/etc/edgevision/edgevision.yaml"
install -D -m 0644 systemd/edgevision.service "$package/usr/lib/systemd/system/edgevision.service"
install -D -m 0644 systemd/edgevision.sysusers.conf "$package/usr/lib/sysusers.d/edgevision.conf"
install -m 0644 systemd/growing-delay.conf "$share"
ln -s /opt/edgevision/bin/edgevision "$package/usr/bin/edgevision"
install -D -m 0644 -t "$doc" systemd/debian/copyright docs/*.md
install -D -m 0644 -t "$doc/examples" config/*.yaml

# 1.0rc1 comes before 1.0 for dpkg only when it is written 1.0~rc1.
version=$(sed -n 's/^__version__ = "\(.*\)"$/\1/p' edgevision/__init__.py | sed -E 's/(a|b|rc|\.dev)[0-9]/~&/')
size=$(du -sk "$package" | cut -f1)
sed -e "s/@VERSION@/$version/" -e "s/@SIZE@/$size/" systemd/debian/control >"$package/DEBIAN/control"
echo /etc/edgevision/edgevision.yaml >"$package/DEBIAN/conffiles"
(cd "$package" && find usr -type f -exec md5sum {} +) >"$package/DEBIAN/md5sums"
for script in postinst prerm postrm; do
    { printf '#!/bin/sh\nset -e\n' && cat systemd/steps.sh systemd/debian/$script; } >"$package/DEBIAN/$script"
    chmod 0755 "$package/DEBIAN/$script"
done

mkdir -p dist
dpkg-deb --root-owner-group --build "$package" "dist/edgevision_${version}_all.deb"
