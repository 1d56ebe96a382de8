"""What `systemctl status` says of the daemon."""

from edgevision.publish.device_payloads import CameraStats, Stats


def status_line(stats: Stats, *, connected: bool) -> str:
    """`front 9.9 fps, 3.1 looked at, drive stalled; broker away, 12 events wait`: one line."""
    cameras = ", ".join(f"{name} {_doing(camera)}" for name, camera in stats.cameras.items())
    waiting = f", {stats.outbox.depth} events wait" if stats.outbox.depth and not connected else ""
    return f"{cameras}; broker {'connected' if connected else 'away'}{waiting}"


def _doing(camera: CameraStats) -> str:
    return "stalled" if camera.stalled else f"{camera.capture_fps:.1f} fps, {camera.inference_fps:.1f} looked at"
