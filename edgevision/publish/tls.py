"""The TLS context for the broker: the certificate and the host name are always verified."""

from __future__ import annotations

import ssl
from pathlib import Path

from edgevision.errors import ConfigError
from edgevision.publish.broker import TlsFiles


class TlsFileError(ConfigError):
    """A file for TLS can't be used: `key` says which (`ca`, `cert`, `key`), `text` why and what to do."""

    def __init__(self, key: str, text: str) -> None:
        super().__init__(f"mqtt.tls.{key}: {text}")
        self.key = key
        self.text = text


class _PasswordWantedError(Exception):
    """The key file is encrypted."""


def client_context(files: TlsFiles) -> ssl.SSLContext:
    """Makes the context of a TLS client, TLS 1.2 at least.

    Raises TlsFileError, with what to do, for a file that is missing, unreadable or no use.
    """
    context = _verifying_context(files.ca)
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    # Python 3.13 began to insist on extensions that home-made authorities lack (the authority key identifier), so one
    # configuration would work on one Python and fail on the next. Signatures, dates and names are verified as ever.
    context.verify_flags &= ~ssl.VERIFY_X509_STRICT
    if files.cert is not None:
        _load_client_certificate(context, files.cert, files.key)
    elif files.key is not None:
        raise TlsFileError("key", f"{files.key} has no certificate beside it: give mqtt.tls.cert too, or neither")
    return context


def _verifying_context(ca: Path | None) -> ssl.SSLContext:
    try:
        return ssl.create_default_context(cafile=None if ca is None else str(ca))
    except ssl.SSLError as error:
        raise TlsFileError(
            "ca",
            f"{ca} holds no certificate ({_reason(error)}): name the PEM file of the authority "
            "that signed the broker's certificate",
        ) from error
    except OSError as error:
        raise _unreadable("ca", ca, error) from error


def _load_client_certificate(context: ssl.SSLContext, cert: Path, key: Path | None) -> None:
    _check_readable("cert", cert)
    if key is not None:
        _check_readable("key", key)
    try:
        # Without a password function of ours, OpenSSL would ask on the terminal and the daemon would wait for ever.
        context.load_cert_chain(cert, key, password=_refuse_to_ask)
    except _PasswordWantedError as error:
        raise TlsFileError(
            "key",
            f"{key or cert} is protected by a password, which edgevision can't ask for: write an open "
            "copy with `openssl pkey -in KEY -out OPEN-KEY` that only edgevision may read",
        ) from error
    except ssl.SSLError as error:
        if error.reason == "KEY_VALUES_MISMATCH":
            raise TlsFileError(
                "key",
                f"the key {key or cert} doesn't belong to the certificate {cert}: name the key that "
                "the certificate was made for",
            ) from error
        raise TlsFileError(
            "cert",
            f"{cert} with the key {key or cert} can't be used ({_reason(error)}): both are to be PEM "
            "files, the certificate as mqtt.tls.cert and its private key as mqtt.tls.key",
        ) from error


def _refuse_to_ask() -> str:
    raise _PasswordWantedError


def _check_readable(key: str, path: Path) -> None:
    # load_cert_chain doesn't say which of the two files it couldn't read.
    try:
        path.open("rb").close()
    except OSError as error:
        raise _unreadable(key, path, error) from error


def _unreadable(key: str, path: Path | None, error: OSError) -> TlsFileError:
    return TlsFileError(key, f"{path} can't be read ({error.strerror}): check the path and its permissions")


def _reason(error: ssl.SSLError) -> str:
    return (error.reason or str(error)).replace("_", " ").lower()
