# shellcheck shell=sh
# The steps of installing and removing edgevision, for install.sh and the Debian package's scripts alike.
#
# The program's folder, PREFIX, is a link to PREFIX.1 or PREFIX.2, each a whole virtual environment: the one that isn't
# in use is made anew, and only when all of it is there does the link turn to it. Whatever fails before leaves the
# program as it was.

CONFIGURATION=/etc/edgevision
STATE=/var/lib/edgevision
PYTHON=/usr/bin/python3 # apt's: picamera2 is there for no other
OVERRIDES=/etc/systemd/system/edgevision.service.d
DELAY=$OVERRIDES/10-growing-delay.conf
LEAST_SYSTEMD=250 # loads a folder of credentials
DRY_RUN=${DRY_RUN-}

say() { printf 'edgevision: %s\n' "$*"; }

fail() {
    printf 'edgevision: %s\n' "$*" >&2
    exit 1
}

# Run a command; in a dry run only say which.
run() {
    if [ "$DRY_RUN" ]; then
        printf '  %s\n' "$*"
    else
        "$@"
    fi
}

running_systemd() { [ -d /run/systemd/system ]; }

systemd_version() { systemctl --version | sed -n '1s/^systemd \([0-9]*\).*/\1/p'; }

# prefix_in UNIT-FILE: where the program is that it starts.
prefix_in() { sed -n 's|^ExecStart=\(/.*\)/bin/edgevision run$|\1|p' "$1"; }

# What must be there before anything is changed.
check_system() {
    command -v systemctl >/dev/null || fail "there is no systemd here, which edgevision is run by"
    [ "$(systemd_version)" -ge $LEAST_SYSTEMD ] ||
        fail "systemd $(systemd_version) is too old: edgevision needs $LEAST_SYSTEMD, which Raspberry Pi OS has from bookworm on"
    [ -x $PYTHON ] || fail "python3 is missing: sudo apt install python3 python3-venv"
    $PYTHON -c 'import sys; sys.exit(sys.version_info < (3, 11))' ||
        fail "$($PYTHON --version) is too old: edgevision needs 3.11, which Raspberry Pi OS has from bookworm on"
    $PYTHON -c 'import ensurepip, venv' 2>/dev/null || fail "Python lacks venv: sudo apt install python3-venv"
    check_processor
    check_camera
}

check_camera() {
    $PYTHON -c 'import importlib.util as u, sys; sys.exit(not u.find_spec("picamera2"))' ||
        say "a camera of the Pi itself needs picamera2, which is missing: sudo apt install python3-picamera2"
}

# LiteRT is made for 64 bits only.
check_processor() {
    is_32_bit || return 0
    has_tflite_runtime ||
        fail "this is a 32-bit system, for which LiteRT isn't made, nor tflite-runtime for $($PYTHON --version):" \
            "install 64-bit Raspberry Pi OS"
    say "this is a 32-bit system, for which LiteRT isn't made: tflite-runtime takes its place, and is slower." \
        "64-bit Raspberry Pi OS runs on a Pi 3, 4, 5 and Zero 2"
}

has_tflite_runtime() { $PYTHON -c 'import sys; sys.exit(sys.version_info >= (3, 12))'; }

is_32_bit() { [ "$($PYTHON -c 'import struct; print(struct.calcsize("P"))')" = 4 ]; }

# make_user SYSUSERS-FILE
make_user() {
    run systemd-sysusers "$1"
    for group in video render plugdev; do
        if getent group $group >/dev/null; then
            run systemd-sysusers --inline "m edgevision $group"
        fi
    done
}

# make_environment PREFIX: an empty virtual environment beside the one in use, at $NEW.
make_environment() {
    NEW=$1.1
    [ "$(readlink "$1")" != "${1##*/}.1" ] || NEW=$1.2
    is_ours_to_write "$1" "$NEW"
    if [ ! "$DRY_RUN" ]; then
        trap 'rm -rf "$NEW"' EXIT
        trap 'exit 130' INT
        trap 'exit 143' TERM HUP
    fi
    run rm -rf "$NEW" # left by an installation that was cut off
    run $PYTHON -m venv --system-site-packages "$NEW" || fail "no virtual environment could be made in $NEW"
}

# fill_environment SOURCE: edgevision, from a wheel or a source tree, and what it needs. NumPy stays the system's, which
# picamera2 was built for.
fill_environment() {
    numpy=$($PYTHON -c 'import numpy; print(numpy.__version__)' 2>/dev/null) || numpy=
    # /tmp may be in memory, and a cache in root's home would be left behind.
    set -- env TMPDIR=/var/tmp PIP_ROOT_USER_ACTION=ignore "$NEW/bin/python" -m pip install --quiet --no-cache-dir \
        --disable-pip-version-check "$1" ${numpy:+"numpy==$numpy"}
    # Asked below linux32, a 32-bit system on a 64-bit kernel says what it is.
    ! is_32_bit || set -- linux32 "$@"
    say "fetching what edgevision needs, which takes minutes"
    run "$@" || fail "pip could not install it (see above). Nothing was changed; is the network there?"
    run "$NEW/bin/python" -c 'import edgevision.cli.run' ||
        fail "what was installed doesn't run (see above). Nothing was changed"
}

# is_ours PREFIX: a link as it is made here.
is_ours() {
    case $(readlink "$1") in
    "${1##*/}.1" | "${1##*/}.2") return 0 ;;
    *) return 1 ;;
    esac
}

# is_ours_to_write PREFIX NEW: fails if something else is there.
is_ours_to_write() {
    [ -d "${1%/*}" ] || fail "there is no folder ${1%/*}"
    if [ -e "$1" ] && ! is_ours "$1"; then
        fail "$1 is something else: move it away, or choose another place"
    fi
    if [ -e "$2" ] && [ ! -e "$2/pyvenv.cfg" ]; then
        fail "$2 is something else: move it away, or choose another place"
    fi
}

# use_environment PREFIX: the one that was made is the one that runs from now on.
use_environment() {
    run ln -sfn "${NEW##*/}" "$1.new"
    run mv -T "$1.new" "$1"
    trap - EXIT INT TERM HUP
}

# remove_environments PREFIX KEEP: all of them but the one called KEEP.
remove_environments() {
    for environment in "$1.1" "$1.2"; do
        if [ "${environment##*/}" != "$2" ] && [ -e "$environment/pyvenv.cfg" ]; then
            run rm -rf "$environment"
        fi
    done
}

# remove_others PREFIX: all environments but the one in use.
remove_others() { remove_environments "$1" "$(readlink "$1")"; }

remove_program() {
    if is_ours "$1"; then run rm "$1"; fi
    remove_environments "$1" none
}

make_folders() {
    run install -d -m 0750 -g edgevision "$CONFIGURATION"
    run install -d -m 0700 "$CONFIGURATION/credentials"
}

# It may hold secrets. One that was there keeps its owner and mode.
guard_configuration() {
    run chown root:edgevision "$CONFIGURATION/edgevision.yaml"
    run chmod 0640 "$CONFIGURATION/edgevision.yaml"
}

# let_the_delay_grow DROP-IN
let_the_delay_grow() {
    if [ "$(systemd_version)" -ge 254 ]; then
        run install -D -m 0644 "$1" "$DELAY"
    fi
}

# start_service FIRST: a first installation is started now and at each boot; later ones leave a stopped service alone.
start_service() {
    if running_systemd; then run systemctl daemon-reload; fi
    if [ "$1" ]; then run systemctl --quiet enable edgevision; fi
    running_systemd || return 0
    case "$1$(systemctl is-active edgevision)" in
    inactive) return 0 ;;
    esac
    run systemctl reset-failed edgevision 2>/dev/null || true
    run systemctl restart edgevision ||
        say "it is installed, but doesn't start: sudo journalctl -u edgevision says why"
}

stop_service() {
    if running_systemd; then run systemctl stop edgevision 2>/dev/null || true; fi
    run systemctl --quiet disable edgevision 2>/dev/null || true
}

forget_service() {
    run rm -f "$DELAY"
    if [ -d "$OVERRIDES" ]; then run rmdir --ignore-fail-on-non-empty "$OVERRIDES"; fi
    if running_systemd; then
        run systemctl daemon-reload
        run systemctl reset-failed edgevision 2>/dev/null || true
    fi
}

# Configuration, state, changes to the unit, and the user.
purge() {
    run rm -rf "$CONFIGURATION" "$STATE" "$OVERRIDES"
    if getent passwd edgevision >/dev/null; then run userdel edgevision; fi
    if getent group edgevision >/dev/null; then run groupdel edgevision; fi
    if running_systemd; then run systemctl daemon-reload; fi
}
