"""Prints a line when something comes and when it goes, and keeps a picture of it.

    python doorbell.py --host 192.168.1.10

Needs paho-mqtt, which is there where edgevision is. A password is taken from the environment variable MQTT_PASSWORD.
"""

import argparse
import json
import os
from datetime import datetime
from pathlib import Path

from paho.mqtt import client as mqtt

parser = argparse.ArgumentParser(description="Tells what edgevision sees come and go.")
parser.add_argument("--host", default="localhost")
parser.add_argument("--port", type=int, default=1883)
parser.add_argument("--user")
parser.add_argument("--prefix", default="edgevision", help="the configuration's mqtt.topic_prefix")
parser.add_argument("--folder", type=Path, default=Path(), help="where pictures go")
options = parser.parse_args()

picture_of = {}  # camera: the file that the picture of what came last belongs in


def on_connect(client, userdata, flags, reason, properties):
    if reason.is_failure:
        print(f"{options.host}: {reason}", flush=True)
        return
    client.subscribe([(f"{options.prefix}/+/+/events", 1), (f"{options.prefix}/+/+/snapshot", 0)])


def on_connect_fail(client, userdata):
    print(f"{options.host} can't be reached, trying again", flush=True)


def on_subscribe(client, userdata, mid, reasons, properties):
    print(f"Listening to {options.host}", flush=True)


def on_disconnect(client, userdata, flags, reason, properties):
    if reason.is_failure:  # not our own goodbye
        print(f"{options.host} is gone: {reason}", flush=True)


def on_message(client, userdata, message):
    *_, device, camera, kind = message.topic.split("/")
    if kind == "snapshot":
        # A retained one is of what was there before we listened.
        if (device, camera) in picture_of and not message.retain and message.payload.startswith(b"\xff\xd8"):
            picture_of[device, camera].write_bytes(message.payload)
        return
    try:
        event = json.loads(message.payload)
        label, step, came = event["label"], event["type"], datetime.fromisoformat(event["start"]).astimezone()
        stayed = datetime.fromisoformat(event["end"]) - came if step == "end" else None
    except (ValueError, TypeError, KeyError, RecursionError):
        return  # not from edgevision
    if step == "start":
        picture_of[device, camera] = options.folder / f"{device}-{camera}-{came:%Y%m%d-%H%M%S}.jpg"
        print(f"{came:%H:%M:%S} {camera}: {label} came, {picture_of[device, camera]}", flush=True)
    elif stayed is not None:
        print(f"{came + stayed:%H:%M:%S} {camera}: {label} left after {stayed.total_seconds():.1f} s", flush=True)


options.folder.mkdir(parents=True, exist_ok=True)
client = mqtt.Client(mqtt.CallbackAPIVersion.VERSION2)
if options.user:
    client.username_pw_set(options.user, os.environ.get("MQTT_PASSWORD"))
client.on_connect, client.on_connect_fail, client.on_disconnect = on_connect, on_connect_fail, on_disconnect
client.on_subscribe, client.on_message = on_subscribe, on_message
client.connect_async(options.host, options.port)
try:
    client.loop_forever(retry_first_connection=True)  # and again whenever the broker was away
except KeyboardInterrupt:
    client.disconnect()
