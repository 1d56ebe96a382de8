#!/bin/sh
# Makes sure that the programs are here that the tests run: a real broker with its clients, openssl for its certificates,
# and a C compiler for the fake Edge TPU.
set -eu
PATH=$PATH:/usr/sbin
missing=
for program in mosquitto mosquitto_sub mosquitto_passwd openssl cc; do
    command -v "$program" >/dev/null || missing="$missing $program"
done
[ -n "$missing" ] || exit 0
packages="mosquitto mosquitto-clients openssl gcc libc6-dev"
if ! command -v apt-get >/dev/null; then
    echo "The tests need$missing: install mosquitto, its clients, openssl and a C compiler." >&2
    exit 1
fi
if [ "$(id -u)" = 0 ]; then
    as_root=
elif command -v sudo >/dev/null && sudo -n true 2>/dev/null; then
    as_root="sudo -n"
else
    echo "The tests need$missing: sudo apt install $packages" >&2
    exit 1
fi
echo "Installing $packages for the tests"
# A broker of the tests' own is started for each test; the packaged service isn't wanted.
export DEBIAN_FRONTEND=noninteractive
$as_root apt-get -qq update
$as_root apt-get -qq install --no-install-recommends $packages >/dev/null
