"""Which device nodes are needed, and whether the user may open them."""

import os
from collections.abc import Iterator
from pathlib import Path

from edgevision.config.sources import V4l2Source
from edgevision.doctor.case import Case
from edgevision.doctor.finding import Finding, Status, ok, said
from edgevision.doctor.machine import Machine
from edgevision.doctor.user import READ, WRITE, User, group_to_join, how_to_join
from edgevision.doctor.versions import pi_camera_wanted
from edgevision.inference.edgetpu.devices import find_devices
from edgevision.record import record

_RULES = {
    "apex": """echo 'SUBSYSTEM=="apex", MODE="0660", GROUP="apex"' | sudo tee /etc/udev/rules.d/65-apex.rules,"""
    " sudo groupadd -f apex, sudo usermod -aG apex {user}, and start the machine anew",
    "bus": "sudo apt install libedgetpu1-std (it brings the udev rule), then unplug the Coral and plug it in again",
    "vcio": "sudo chgrp video {node} and sudo chmod g+rw {node}; an upgrade of the system makes that last",
}
_NO_RULE = "sudo chgrp video {node} and sudo chmod g+rw {node}, which a udev rule makes last; then {join}"


@record
class Needed:
    """Device nodes of one kind. `why` is for the user; `any_will_do`: one of them is enough.

    Without those whose lack is only a `warning`, edgevision works.
    """

    kind: str
    nodes: tuple[Path, ...]
    why: str
    lack: Status = "problem"
    any_will_do: bool = False


def look_at_permissions(case: Case) -> list[Finding]:
    """A line for each kind of node that is needed and there."""
    findings = [_judge(needed, case.user) for needed in needed_nodes(case)]
    return findings or [ok("permissions", "no device is needed")]


def needed_nodes(case: Case) -> list[Needed]:
    """What the configuration needs; without one, what this machine has."""
    return [needed for needed in _needed(case) if needed.nodes]


def _needed(case: Case) -> Iterator[Needed]:
    roots = case.machine.roots
    if pi_camera_wanted(case):
        yield Needed("video", _nodes(case.machine, "video[0-9]*"), "the Pi camera")
        yield Needed("media", _nodes(case.machine, "media[0-9]*"), "the Pi camera")
        yield Needed("dma_heap", _nodes(case.machine, "dma_heap/*"), "the Pi camera's memory", any_will_do=True)
        yield Needed("dri", _nodes(case.machine, "dri/renderD*"), "the graphics processor", "warning", any_will_do=True)
    if case.machine.is_raspberry_pi:
        yield Needed("vcio", _nodes(case.machine, "vcio"), "asking for throttling and under-voltage", "warning")
    cameras = {} if case.config is None else case.config.settings.cameras
    for name, camera in cameras.items():
        if isinstance(camera.source, V4l2Source) and os.access(camera.source.device, os.F_OK):
            yield Needed("video", (camera.source.device.resolve(),), f"camera {name}")
    accelerators = {"auto"} if case.config is None else set(_accelerators(case))
    if accelerators != {"cpu"}:
        nodes = [device.node for device in find_devices(roots)]
        corals = [node for node in nodes if node is not None and os.access(node, os.F_OK)]
        lack: Status = "problem" if any("edgetpu" in name for name in accelerators) else "warning"
        for node in corals:
            yield Needed("apex" if node.parent == roots.dev else "bus", (node,), "the Coral Edge TPU", lack)


def _accelerators(case: Case) -> Iterator[str]:
    if case.config is not None:
        for name in case.config.settings.cameras:
            yield case.config.settings.model_for(name).accelerator


def _nodes(machine: Machine, pattern: str) -> tuple[Path, ...]:
    return tuple(sorted(machine.roots.dev.glob(pattern)))


def _judge(needed: Needed, user: User) -> Finding:
    need = READ | WRITE
    closed = [node for node in needed.nodes if not user.may(node, need)]
    if not closed or (needed.any_will_do and len(closed) < len(needed.nodes)):
        return ok("permissions", f"{user.name} may open {_told(needed.nodes)} ({needed.why})")
    text = f"{user.name} may not open {_told(closed)}, which {needed.why} needs"
    group = group_to_join(closed[0], need)
    if group is not None:
        return Finding("permissions", needed.lack, text, how_to_join(group, user))
    rule = _RULES.get(needed.kind, _NO_RULE)
    remedy = rule.format(node=closed[0], user=user.name, join=how_to_join("video", user))
    return said("permissions", needed.lack, text, remedy)


def _told(nodes: tuple[Path, ...] | list[Path]) -> str:
    """`/dev/video0`, or `/dev/video0 … /dev/video9 (10 nodes)`."""
    if len(nodes) < 3:
        return " and ".join(map(str, nodes))
    return f"{nodes[0]} … {nodes[-1]} ({len(nodes)} nodes)"
