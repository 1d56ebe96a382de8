"""Where the MQTT broker is and how to speak to it."""

from dataclasses import field
from pathlib import Path
from typing import Literal

from edgevision.record import record


@record
class TlsFiles:
    """PEM files for TLS: the authority that signed the broker's certificate (None: the system's authorities), and
    the client's own certificate and key, if the broker asks for one."""

    ca: Path | None = None
    cert: Path | None = None
    key: Path | None = None


@record
class BrokerSettings:
    """All that it takes to connect; `tls=None` means without TLS, `keepalive` is in seconds."""

    host: str
    port: int
    username: str | None = None
    password: str | None = field(default=None, repr=False)
    tls: TlsFiles | None = None
    keepalive: int = 30
    protocol: Literal["5", "3.1.1"] = "5"
    client_id: str = ""

    @property
    def address(self) -> str:
        """Host and port as one writes them in a URL."""
        return f"[{self.host}]:{self.port}" if ":" in self.host else f"{self.host}:{self.port}"
