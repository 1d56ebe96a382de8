"""Certificates for tests, made with the `openssl` command."""

import subprocess
from dataclasses import dataclass
from pathlib import Path

_KEY = ("-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-noenc")


@dataclass(frozen=True, slots=True)
class Certificate:
    """PEM files of one certificate and its private key."""

    cert: Path
    key: Path


def make_authority(directory: Path, name: str) -> Certificate:
    """An authority that can sign."""
    files = Certificate(directory / f"{name}.pem", directory / f"{name}.key")
    # Python 3.13 asks of an authority that it says what its key is for.
    usage = ("-addext", "keyUsage=critical,keyCertSign,cRLSign")
    subject = ("-subj", f"/CN={name}", "-days", "2")
    _openssl("req", "-x509", *_KEY, *subject, *usage, "-keyout", files.key, "-out", files.cert)
    return files


def make_certificate(
    directory: Path, name: str, authority: Certificate, alternative: str = "", days: int = 2
) -> Certificate:
    """A certificate signed by `authority`, for the `alternative` name (`DNS:localhost`); 0 `days`: expires at once."""
    files = Certificate(directory / f"{name}.pem", directory / f"{name}.key")
    request, extensions = directory / f"{name}.csr", directory / f"{name}.ext"
    extensions.write_text(f"subjectAltName={alternative}\n" if alternative else "")
    _openssl("req", *_KEY, "-subj", f"/CN={name}", "-keyout", files.key, "-out", request)
    signer = ("-CA", authority.cert, "-CAkey", authority.key, "-CAcreateserial")
    _openssl("x509", "-req", "-in", request, *signer, "-days", str(days), "-extfile", extensions, "-out", files.cert)
    return files


def has_expired(certificate: Certificate) -> bool:
    """Whether its time is over."""
    command = ["openssl", "x509", "-noout", "-checkend", "0", "-in", str(certificate.cert)]
    return subprocess.run(command, check=False, capture_output=True).returncode == 1


def protect_key(key: Path, password: str) -> Path:
    """A copy of the key that needs `password`."""
    protected = key.with_suffix(".protected")
    _openssl("pkey", "-in", key, "-aes256", "-passout", f"pass:{password}", "-out", protected)
    return protected


def _openssl(*arguments: str | Path) -> None:
    subprocess.run(["openssl", *arguments], check=True, capture_output=True)
