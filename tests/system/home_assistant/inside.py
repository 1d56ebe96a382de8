"""Home Assistant's core with its MQTT integration and nothing else. Runs where Home Assistant is installed.

    python inside.py CONFIG_FOLDER BROKER_PORT

It says `ready` when it runs. Then each line on stdin is one question or wish in JSON, answered by one line of JSON:

    {"ask": "entities"}                                the registry's entries by unique id, with their states
    {"ask": "devices"}                                 the registry's MQTT devices
    {"ask": "image", "entity": "image.x"}              the picture, in hexadecimal
    {"ask": "notifications"}                           what it has told the phone so far
    {"call": "switch.turn_off", "entity": "switch.x"}  calls a service; "data" for more of it
    {"set": "zone.home", "state": "1"}                 makes an entity of no integration say something

What is in automations.yaml in the folder, it does; `notify.mobile_app_phone` is there for that.

It ends with stdin, as orderly as it would at a shutdown. Its log, warnings and worse, goes to stderr.
"""

import asyncio
import json
import logging
import sys
from pathlib import Path
from typing import Any
from unittest.mock import Mock

# ruff: noqa: E402
sys.modules["hass_nabucasa"] = (
    Mock()
)  # the client of its cloud: much to install, imported for nothing that is used here

from homeassistant import core_config, loader
from homeassistant.config_entries import ConfigEntries, ConfigEntry
from homeassistant.core import HomeAssistant
from homeassistant.helpers import (
    area_registry,
    category_registry,
    device_registry,
    entity,
    entity_registry,
    floor_registry,
    frame,
    issue_registry,
    label_registry,
    restore_state,
    template,
    translation,
)
from homeassistant.setup import async_setup_component
from homeassistant.util.yaml import load_yaml

REGISTRIES = (
    area_registry,
    category_registry,
    device_registry,
    entity_registry,
    floor_registry,
    issue_registry,
    label_registry,
    restore_state,
)


async def started(folder: Path, port: int) -> HomeAssistant:
    """What homeassistant.bootstrap does, without the front end, the recorder and a hundred packages they need."""
    (folder / "configuration.yaml").touch()
    hass = HomeAssistant(str(folder))
    hass.config.skip_pip = True
    loader.async_setup(hass)
    hass.config_entries = ConfigEntries(hass, {})
    for part in (entity, frame, template, translation):
        part.async_setup(hass)
    for registry in REGISTRIES:
        await registry.async_load(hass)
    await hass.config_entries.async_initialize()
    await core_config.async_process_ha_core_config(hass, {})
    # Its web server isn't asked for anything, and takes the most packages.
    hass.config.components |= {"http", "file_upload"}
    hass.http = Mock()
    for component in ("homeassistant", "mqtt"):
        assert await async_setup_component(hass, component, {})
    if not hass.config_entries.async_entries("mqtt"):
        await hass.config_entries.async_add(_entry(port))
    if (folder / "automations.yaml").exists():
        await _automate(hass, folder / "automations.yaml")
    await hass.async_start()
    return hass


def _entry(port: int) -> ConfigEntry[Any]:
    return ConfigEntry(
        domain="mqtt",
        title="broker",
        data={"broker": "127.0.0.1", "port": port},
        options={},
        version=1,
        minor_version=2,
        source="user",
        unique_id=None,
        discovery_keys={},
        subentries_data=None,
    )


async def _automate(hass: HomeAssistant, path: Path) -> None:
    told = hass.data.setdefault("notifications", [])
    hass.services.async_register("notify", "mobile_app_phone", lambda call: told.append(dict(call.data)))
    automations = await hass.async_add_executor_job(load_yaml, path)
    assert await async_setup_component(hass, "automation", {"automation": automations})


async def answer(hass: HomeAssistant, wish: dict[str, Any]) -> object:
    """What to say to one line."""
    if "call" in wish:
        domain, _, service = wish["call"].partition(".")
        data = {"entity_id": wish["entity"], **wish.get("data", {})}
        await hass.services.async_call(domain, service, data, blocking=True)
        return None
    if "set" in wish:
        hass.states.async_set(wish["set"], wish["state"])
        return None
    if wish["ask"] == "notifications":
        return hass.data["notifications"]
    if wish["ask"] == "image":
        picture = await hass.data["image"].get_entity(wish["entity"]).async_image()
        return None if picture is None else picture.hex()
    if wish["ask"] == "devices":
        devices = device_registry.async_get(hass).devices.values()
        return {device.name: device.sw_version for device in devices}
    return {entry.unique_id: _described(hass, entry) for entry in entity_registry.async_get(hass).entities.values()}


def _described(hass: HomeAssistant, entry: entity_registry.RegistryEntry) -> dict[str, object]:
    state = hass.states.get(entry.entity_id)
    return {
        "id": entry.entity_id,
        "category": entry.entity_category,
        "state": None if state is None else state.state,
        "attributes": {} if state is None else dict(state.attributes),
    }


async def main(folder: Path, port: int) -> None:
    """From start to shutdown."""
    hass = await started(folder, port)
    print("ready", flush=True)
    while line := await hass.async_add_executor_job(sys.stdin.readline):
        print(json.dumps(await answer(hass, json.loads(line)), default=str), flush=True)
    await hass.async_stop(force=True)


if __name__ == "__main__":
    logging.basicConfig(level=logging.WARNING)
    # Home Assistant blames itself when discovery makes it load several platforms at a time.
    logging.getLogger("homeassistant.helpers.frame").setLevel(logging.ERROR)
    asyncio.run(main(Path(sys.argv[1]), int(sys.argv[2])))
