#!/bin/sh
# enter-root.sh ROOT [--bind|--ro-bind SOURCE TARGET]... -- COMMAND...
#
# Runs COMMAND in the Debian root ROOT with /proc, /dev, and each SOURCE of this machine seen at TARGET in there.
# Mount and pid namespaces of its own: when COMMAND ends, its mounts and whatever it left running are gone.
set -eu

if [ "$1" != --unshared ]; then
    exec unshare --mount --pid --fork --kill-child sh "$0" --unshared "$@"
fi
root=$2
shift 2

mount -t proc proc "$root/proc"
mount --rbind /dev "$root/dev"
# No /sys: nothing here needs it, and with /proc it tells an Arm program under qemu of this machine's own processor, at
# which LiteRT crashes.

while [ "$1" != -- ]; do
    source=$2 target=$root$3
    if [ -d "$source" ]; then
        mkdir -p "$target"
    else
        mkdir -p "${target%/*}"
        touch "$target"
    fi
    mount --bind "$source" "$target"
    if [ "$1" = --ro-bind ]; then
        mount -o remount,bind,ro "$target"
    fi
    shift 3
done
shift

# Not exec: process 1 of a pid namespace, this shell, is spared by signals that would end another one, its own included.
# A COMMAND that crashes would hang instead.
cd "$root"
status=0
chroot "$root" "$@" || status=$?
exit "$status"
