"""Cameras that are no Pi cameras: USB, streams, and files."""

import socket
from urllib.parse import urlsplit

from edgevision.capture.images import list_pictures
from edgevision.capture.stream import public_url
from edgevision.config.schema import CameraSettings
from edgevision.config.sources import ImagesSource, StreamSource, V4l2Source, VideoSource
from edgevision.doctor.case import Case
from edgevision.doctor.finding import Finding, ok, problem, said
from edgevision.doctor.user import READ
from edgevision.doctor.v4l2 import look_at_v4l2
from edgevision.errors import SourceError

_CONNECTS_WITHIN = 5.0
_PORTS = {"rtsp": 554, "rtsps": 322, "rtmp": 1935, "rtmps": 443, "http": 80, "https": 443}
_WITHOUT_CONNECTION = ("udp", "rtp", "srt")


def look_at_camera(name: str, settings: CameraSettings, case: Case) -> list[Finding]:
    """What can be seen of the camera `name` without taking a picture; nothing of a Pi's."""
    check = f"camera {name}"
    match settings.source:
        case V4l2Source(device=device):
            return [look_at_v4l2(check, device, case)]
        case StreamSource(url=url):
            return [look_at_stream(check, url.get_secret_value())]
        case ImagesSource() | VideoSource() as source:
            return [look_at_files(check, source, case)]
    return []


def look_at_stream(check: str, url: str) -> Finding:
    """Whether its server takes connections. The URL's password isn't shown, nor tried."""
    shown, parts = public_url(url), urlsplit(url)
    port = parts.port or _PORTS.get(parts.scheme)
    if parts.scheme in _WITHOUT_CONNECTION or port is None or not parts.hostname:
        return ok(check, f"{shown}: whether anything comes this way shows only when it runs")
    where = f"{parts.hostname}, port {port}"
    try:
        socket.create_connection((parts.hostname, port), _CONNECTS_WITHIN).close()
    except socket.gaierror:
        return problem(check, f"{shown}: no machine is called {parts.hostname}", "check the URL and the DNS server")
    except TimeoutError:
        return problem(
            check, f"{shown}: {where} doesn't answer", "see that the camera is on, and check the URL and the firewall"
        )
    except (OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or error
        return problem(
            check, f"{shown}: {where} can't be reached ({reason})", "see that the camera is on; check the URL"
        )
    return ok(check, f"{shown}: {where} answers")


def look_at_files(check: str, source: ImagesSource | VideoSource, case: Case) -> Finding:
    """Whether the pictures or the video are there, and may be read."""
    try:
        files = [source.path] if isinstance(source, VideoSource) else list_pictures(source.path)
    except SourceError as error:
        return said(check, "problem", str(error))
    closed = [file for file in files if not case.user.may(file, READ)]
    if closed:
        more = f" and {len(closed) - 1} more" if len(closed) > 1 else ""
        return problem(
            check, f"the user {case.user.name} may not read {closed[0]}{more}", f"sudo chmod a+r {closed[0]}"
        )
    return ok(check, f"{source.path}" + (f", {len(files)} pictures" if isinstance(source, ImagesSource) else ""))
