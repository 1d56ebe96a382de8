"""The kernel's files of a machine with Edge TPUs, as a folder."""

from pathlib import Path

from edgevision.inference.edgetpu.devices import PCI_ID, USB_RUNNING, Roots


class Machine:
    """Nothing is plugged in at first."""

    def __init__(self, folder: Path) -> None:
        self.roots = Roots(folder / "sys", folder / "dev", folder / "proc")
        for root in (self.roots.sys, self.roots.dev, self.roots.proc):
            root.mkdir(parents=True)

    def add_usb(
        self, bus: int, device: int, identity: tuple[str, str] = USB_RUNNING, speed: int = 5000, *, node: bool = True
    ) -> Path:
        """Plug in a USB device; its node. Not an Edge TPU where `identity` is another's."""
        folder = self.roots.sys / f"bus/usb/devices/{bus}-{device}"
        folder.mkdir(parents=True)
        files = {"busnum": bus, "devnum": device, "speed": speed, "idVendor": identity[0], "idProduct": identity[1]}
        for name, value in files.items():
            (folder / name).write_text(f"{value}\n")
        return self._node(f"bus/usb/{bus:03}/{device:03}", exists=node)

    def add_pci(self, slot: str, number: int | None, identity: tuple[str, str] = PCI_ID) -> Path:
        """Put a card in; with a `number`, its driver is loaded and /dev/apex_NUMBER is there."""
        folder = self.roots.sys / "bus/pci/devices" / slot
        folder.mkdir(parents=True)
        (folder / "vendor").write_text(f"{identity[0]}\n")
        (folder / "device").write_text(f"{identity[1]}\n")
        if number is not None:
            apex = self.roots.sys / f"class/apex/apex_{number}"
            apex.mkdir(parents=True)
            (apex / "device").symlink_to(folder)
        return self._node(f"apex_{number}", exists=number is not None)

    def add_process(self, pid: int, name: str, *opened: Path) -> None:
        """A program that runs and has these files open."""
        descriptors = self.roots.proc / str(pid) / "fd"
        descriptors.mkdir(parents=True)
        (descriptors.parent / "comm").write_text(f"{name}\n")
        for number, path in enumerate(opened):
            (descriptors / str(number)).symlink_to(path)

    def _node(self, name: str, *, exists: bool) -> Path:
        node = self.roots.dev / name
        if exists:
            node.parent.mkdir(parents=True, exist_ok=True)
            node.touch()
            node.chmod(0o660)
        return node
