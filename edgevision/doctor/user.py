"""The user that edgevision runs as, and what that user may do."""

import grp
import os
import pwd
import stat
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path

from edgevision.record import record

READ, WRITE, ENTER = 4, 2, 1
"""Bits of a mode, of each of owner, group and others."""


@record
class User:
    """`myself`: it is the one who runs this process."""

    name: str
    uid: int
    groups: frozenset[int]
    myself: bool

    def may(self, path: Path, need: int) -> bool:
        """Whether the user may do with `path` what the bits `need` say. False for what isn't there.

        Of another user's, what we may not see ourselves counts as allowed: nothing speaks against it.
        """
        if self.myself:
            return os.access(path, need, effective_ids=os.access in os.supports_effective_ids)
        try:
            place = path.resolve(strict=True)
            folders = (folder.stat() for folder in place.parents)
            return all(self._allows(folder, ENTER) for folder in folders) and self._allows(place.stat(), need)
        except PermissionError:
            return True
        except OSError:
            return False

    def _allows(self, status: os.stat_result, need: int) -> bool:
        if self.uid == 0:
            return True
        if status.st_uid == self.uid:
            bits = status.st_mode >> 6
        elif status.st_gid in self.groups:
            bits = status.st_mode >> 3
        else:
            bits = status.st_mode
        return bits & need == need


def user_in_question(
    service_user: str | None, service_groups: Sequence[str] = (), *, services_own: bool = False
) -> User:
    """Whom to judge permissions for: root judges for the service's user, where there is one; others for themselves.

    `service_groups` are those that the service has besides its user's. `services_own`: it is the service's
    configuration that is looked at, and everybody judges for that.
    """
    if os.geteuid() == 0 or (services_own and service_user is not None):
        for name in filter(None, (service_user, "edgevision")):
            with suppress(KeyError):
                return _user(pwd.getpwnam(name), service_groups)
    me = os.geteuid()
    groups = frozenset((os.getegid(), *os.getgroups()))
    try:
        return User(pwd.getpwuid(me).pw_name, me, groups, myself=True)
    except KeyError:
        return User(str(me), me, groups, myself=True)


def _user(entry: pwd.struct_passwd, more: Sequence[str]) -> User:
    groups = set(os.getgrouplist(entry.pw_name, entry.pw_gid))
    for name in more:
        with suppress(KeyError):
            groups.add(int(name) if name.isdecimal() else grp.getgrnam(name).gr_gid)
    return User(entry.pw_name, entry.pw_uid, frozenset(groups), myself=entry.pw_uid == os.geteuid())


def group_to_join(path: Path, need: int) -> str | None:
    """The group whose members may do with `path` what `need` says; None: there is none but root's."""
    try:
        status = path.stat()
    except OSError:
        return None
    bits = stat.S_IMODE(status.st_mode) >> 3
    if status.st_gid == 0 or bits & need != need:
        return None
    try:
        return grp.getgrgid(status.st_gid).gr_name
    except KeyError:
        return str(status.st_gid)


def how_to_join(group: str, user: User) -> str:
    """What makes the user a member."""
    then = "log in again" if user.myself else "sudo systemctl restart edgevision"
    return f"sudo usermod -aG {group} {user.name}, then {then}"
