"""Models, their labels, and what is to run them."""

import ctypes
import os
from dataclasses import replace

from edgevision.config.config import Config
from edgevision.daemon.models import ASSUMED, ModelInUse, open_models
from edgevision.doctor.case import Case
from edgevision.doctor.finding import Finding, Status, mistake, ok, problem, said, warning
from edgevision.doctor.holders import is_edgevision, openers, told
from edgevision.doctor.machine import Machine
from edgevision.doctor.user import READ
from edgevision.errors import ConfigError
from edgevision.inference.edgetpu.delegate import Accelerator, library_name
from edgevision.inference.edgetpu.devices import EdgeTpu, Process, find_devices, slow_port
from edgevision.inference.edgetpu.reasons import explain_load, explain_refusal


def look_at_models(case: Case) -> list[Finding]:
    """Open each model of the configuration and run it once, in a process of its own.

    An Edge TPU that another program has is left to it: then they are tried on the CPU.
    """
    if case.config is None:
        return []
    taken = any(_holders(case.machine).values())
    try:
        models = open_models(_on_the_cpu(case.config) if taken else case.config, measure_threads=False)
    except ConfigError as error:
        return [mistake("model", line) for line in str(error).splitlines()]
    findings = [finding for in_use in models for finding in _model(in_use, case)]
    for in_use in models:
        in_use.model.close()
    return findings


def look_at_accelerator(case: Case) -> list[Finding]:
    """The Edge TPUs of this machine and their library, without opening one."""
    machine = case.machine
    wishes = _wishes(case.config)
    found = find_devices(machine.roots)
    if wishes and all(wish.kind == "cpu" for wish in wishes):
        return [ok("accelerator", "not wanted: models run on the CPU")]
    missing = [
        said("accelerator", "problem", str(explain_refusal("", wish.device, roots=machine.roots)))
        for wish in dict.fromkeys(wishes)
        if wish.kind == "edgetpu" and not any(_is_meant(wish, device) for device in found)
    ]
    if not found and not missing:
        return [ok("accelerator", "no Edge TPU here, and none is asked for: models run on the CPU")]
    holders = _holders(machine)
    seen = [finding for device in found for finding in _device(device, holders[device], machine)]
    asked = any(wish.kind == "edgetpu" for wish in wishes)
    return [*missing, *seen, *_library("problem" if asked else "warning")]


def _model(in_use: ModelInUse, case: Case) -> list[Finding]:
    check = f"model {in_use.name}"
    info, state = in_use.model.info, in_use.model.state
    labels = [f"{len(info.labels)} label{'s' if len(info.labels) > 1 else ''}"] if info.labels else []
    text = ", ".join([info.task, f"input {info.input}", *labels, f"{info.runtime} on {state.in_use}", str(info.path)])
    findings = [ok(check, text)]
    if not case.user.may(info.path, READ):
        closed = f"{case.user.name} may not read {info.path}"
        findings = [problem(check, closed, f"sudo chmod a+r {info.path}, and a+x on its folders")]
    if state.degraded:
        findings.append(said(check, "warning", f"it runs on the CPU: {state.degraded}"))
    if info.normalization_assumed:
        findings.append(said(check, "warning", ASSUMED, "set model.normalize"))
    return findings


def _device(device: EdgeTpu, holders: list[Process], machine: Machine) -> list[Finding]:
    text = f"Edge TPU {device}{_identity(device, machine)}"
    if device.node is None or not os.access(device.node, os.F_OK):
        return [said("accelerator", "problem", str(explain_refusal("", str(device), roots=machine.roots)))]
    strangers = [holder for holder in holders if not is_edgevision(machine.roots.proc, holder.pid)]
    if strangers:
        return [problem("accelerator", f"{text}, in use by {told(strangers)}", f"stop it: kill {strangers[0].pid}")]
    if holders:
        text += f", in use by {told(holders)}, an edgevision"
    slow = slow_port(device)
    return [ok("accelerator", text), *([warning("accelerator", slow)] if slow else [])]


def _identity(device: EdgeTpu, machine: Machine) -> str:
    if device.bus == "pci":
        return f" ({device.place})"
    folder = f"sys/bus/usb/devices/{device.place}"
    vendor, product = machine.line(f"{folder}/idVendor"), machine.line(f"{folder}/idProduct")
    firmware = ", which gets its firmware when it is first used" if vendor == "1a6e" else ""
    return f" ({vendor}:{product}{firmware})"


def _library(lack: Status) -> list[Finding]:
    library = library_name()
    try:
        ctypes.CDLL(library)
    except OSError as error:
        return [said("accelerator", lack, str(explain_load(library, error)))]
    return [ok("accelerator", f"{library} is here")]


def _holders(machine: Machine) -> dict[EdgeTpu, list[Process]]:
    """Who has each Edge TPU open, as far as this user may see."""
    devices = find_devices(machine.roots)
    opened = openers(machine.roots.proc, [device.node for device in devices if device.node is not None])
    return {device: opened.get(device.node, []) if device.node is not None else [] for device in devices}


def _wishes(config: Config | None) -> list[Accelerator]:
    cameras = () if config is None else config.settings.cameras
    return [Accelerator.parse(config.settings.model_for(name).accelerator) for name in cameras if config is not None]


def _is_meant(wish: Accelerator, device: EdgeTpu) -> bool:
    return wish.bus in (None, device.bus) and wish.number in (None, device.number)


def _on_the_cpu(config: Config) -> Config:
    cpu = {"accelerator": "cpu"}
    settings = config.settings
    cameras = {
        name: camera.model_copy(update={"model": camera.model.model_copy(update=cpu)})
        for name, camera in settings.cameras.items()
    }
    update = {"model": settings.model.model_copy(update=cpu), "cameras": cameras}
    return replace(config, settings=settings.model_copy(update=update))
