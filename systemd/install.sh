#!/bin/sh
set -eu
umask 022

usage() {
    cat <<END
Installs edgevision from this source tree, or brings an installation up to date, as a service that starts at boot.
Configuration (/etc/edgevision) and state (/var/lib/edgevision) stay as they are.

usage: sudo systemd/install.sh [--prefix DIR] [--uninstall | --purge] [--dry-run]

  --prefix DIR   where the program goes; default: where it is, else /opt/edgevision
  --uninstall    remove the program and the service; keep configuration, state and the user edgevision
  --purge        remove those, too
  --dry-run      only say what would be done
  --help         this
END
}

UNIT=/etc/systemd/system/edgevision.service
COMMAND=/usr/local/bin/edgevision
SOURCE="edgevision models setup.cfg pyproject.toml README.md LICENSE"
here=$(cd "$(dirname "$0")" && pwd)
# shellcheck source=systemd/steps.sh
. "$here/steps.sh"

install_edgevision() {
    check_system
    first=
    [ -L "${installed:-$prefix}" ] || first=first
    make_environment "$prefix"
    # A copy, for building leaves files behind. Unquoted: it is a list.
    run mkdir "$NEW/source"
    # shellcheck disable=SC2086
    (cd "$here/.." && run cp -R $SOURCE "$NEW/source")
    fill_environment "$NEW/source"
    run rm -rf "$NEW/source"
    make_user "$here/edgevision.sysusers.conf"
    use_environment "$prefix"
    make_folders
    if [ ! -e "$CONFIGURATION/edgevision.yaml" ]; then
        run install -m 0640 -g edgevision "$here/edgevision.yaml" "$CONFIGURATION/edgevision.yaml"
    fi
    run sed -n -e "s|/opt/edgevision|$prefix|" -e "w $UNIT" "$here/edgevision.service"
    let_the_delay_grow "$here/growing-delay.conf"
    link_command
    start_service "$first"
    remove_others "$prefix"
    if [ "$installed" ] && [ "$installed" != "$prefix" ]; then remove_program "$installed"; fi
    [ "$DRY_RUN" ] ||
        say "installed. Its configuration: $CONFIGURATION/edgevision.yaml; what it says: journalctl -u edgevision"
}

uninstall_edgevision() {
    stop_service
    run rm -f "$UNIT"
    if [ "$(readlink $COMMAND)" = "$prefix/bin/edgevision" ]; then run rm $COMMAND; fi
    remove_program "$prefix"
    forget_service
}

link_command() {
    if [ -e $COMMAND ] && [ ! -L $COMMAND ]; then
        say "$COMMAND is something else and stays; the command is $prefix/bin/edgevision"
    else
        run ln -sfn "$prefix/bin/edgevision" $COMMAND
    fi
}

is_fit_for_prefix() {
    case $1 in
    */ | *//* | */../* | */..) fail "--prefix: write it without //, .. and a / at its end: $1" ;;
    *[!A-Za-z0-9/._+-]*) fail "--prefix: only letters, digits, / . _ + and - are possible: $1" ;;
    /home/* | /root/* | /run/* | /tmp/* | /var/tmp/*) fail "--prefix: the service can't see into ${1%/*}" ;;
    /?*) ;;
    *) fail "--prefix: it must begin with /: $1" ;;
    esac
}

action=install_edgevision
installed=
[ ! -f $UNIT ] || installed=$(prefix_in $UNIT)
prefix=${installed:-/opt/edgevision}
while [ $# -gt 0 ]; do
    case $1 in
    --prefix)
        [ $# -gt 1 ] || fail "--prefix needs a folder after it"
        prefix=$2
        shift
        ;;
    --prefix=*) prefix=${1#*=} ;;
    --uninstall) [ $action = purge ] || action=uninstall_edgevision ;;
    --purge) action=purge ;;
    --dry-run) DRY_RUN=yes ;;
    --help | -h)
        usage
        exit
        ;;
    *)
        usage >&2
        exit 2
        ;;
    esac
    shift
done

is_fit_for_prefix "$prefix"
case $(dpkg-query -W -f '${db:Status-Status}' edgevision 2>/dev/null) in
"" | not-installed | config-files) ;;
*) fail "the Debian package edgevision is installed: use apt, or remove it with sudo apt remove edgevision" ;;
esac
[ "$DRY_RUN" ] || [ "$(id -u)" = 0 ] || fail "this takes root: sudo $0"
case $action in
purge)
    uninstall_edgevision
    purge
    ;;
*) $action ;;
esac
