"""Asking a server for a file: proxies of the environment, TLS verified, redirects, and answers that are none."""

import http.client
import ssl
from email.message import Message
from typing import IO
from urllib.error import HTTPError, URLError
from urllib.parse import urlsplit
from urllib.request import (
    HTTPDefaultErrorHandler,
    HTTPErrorProcessor,
    HTTPHandler,
    HTTPRedirectHandler,
    HTTPSHandler,
    OpenerDirector,
    ProxyHandler,
    Request,
    UnknownHandler,
)

from edgevision import __version__
from edgevision.errors import DownloadError

TRY_A_MIRROR = "try again later, or name a mirror or a file with --from"

_GONE = (403, 404, 410)  # object stores say 403 for what isn't there
_NO_SUCH_RANGE = 416


class NotThereError(DownloadError):
    """A server or folder has no such file."""


class LostConnectionError(DownloadError):
    """A server can't be reached, or the connection to it was lost; the message is to be read after the URL."""


def get(url: str, headers: dict[str, str], silence: float) -> http.client.HTTPResponse | None:
    """The answer to a GET: all of the file (200) or a part (206); None when it has no such range (416).

    `silence`: seconds without a byte after which a server is given up, now and when the answer is read.
    Raises LostConnectionError, NotThereError, or DownloadError for any other answer.
    """
    headers = {"User-Agent": f"edgevision/{__version__}", "Accept-Encoding": "identity", **headers}
    try:
        response: http.client.HTTPResponse = _opener().open(Request(url, headers=headers), timeout=silence)
    except HTTPError as error:
        error.close()
        if error.code == _NO_SUCH_RANGE:
            return None
        kind = NotThereError if error.code in _GONE else DownloadError
        raise kind(f"{url}: the server says {error.code} {_quoted(error.reason)}: {TRY_A_MIRROR}") from error
    except DownloadError:
        raise
    except (OSError, http.client.HTTPException) as error:
        raise LostConnectionError(f"the server can't be reached ({reason(error)})") from error
    except ValueError as error:
        raise DownloadError(f"{url} can't be asked for ({error}): is it a URL?") from error
    if response.status not in (http.client.OK, http.client.PARTIAL_CONTENT):
        response.close()
        raise DownloadError(f"{url}: the server says {response.status} {_quoted(response.reason)}: {TRY_A_MIRROR}")
    return response


def reason(error: Exception) -> str:
    """Why a connection failed, in a few words."""
    if isinstance(error, URLError) and isinstance(error.reason, Exception):
        error = error.reason
    if isinstance(error, ssl.SSLCertVerificationError):
        return f"its certificate can't be verified: {error.verify_message}"
    if isinstance(error, TimeoutError):
        return "no answer in time"
    if isinstance(error, http.client.IncompleteRead):
        return "it ended in the middle"
    return (error.strerror if isinstance(error, OSError) else None) or _quoted(str(error)) or type(error).__name__


def _quoted(text: str) -> str:
    """A server's own words: on one line, without what moves the cursor, and not without end."""
    return " ".join("".join(character if character.isprintable() else " " for character in text).split())[:200]


def _opener() -> OpenerDirector:
    """HTTP and HTTPS only: neither `ftp:` nor `file:`, whatever a redirect says."""
    opener = OpenerDirector()
    for handler in (
        ProxyHandler(),
        HTTPHandler(),
        HTTPSHandler(context=ssl.create_default_context()),
        _Redirects(),
        HTTPDefaultErrorHandler(),
        HTTPErrorProcessor(),
        UnknownHandler(),
    ):
        opener.add_handler(handler)
    return opener


class _Redirects(HTTPRedirectHandler):
    def redirect_request(
        self, req: Request, fp: IO[bytes], code: int, msg: str, headers: http.client.HTTPMessage, newurl: str
    ) -> Request | None:
        fp.close()  # it would be read to its end, which may never come
        if urlsplit(newurl).scheme not in ("https", urlsplit(req.full_url).scheme):
            raise DownloadError(f"{req.full_url} leads to {_quoted(newurl)}, which isn't HTTPS: {TRY_A_MIRROR}")
        return super().redirect_request(req, fp, code, msg, headers, newurl)


def validator(headers: Message) -> str | None:
    """What tells this version of a file from others when a range of it is asked for (RFC 9110, 13.1.5)."""
    tag = headers.get("ETag", "")
    version = tag if tag.startswith('"') else headers.get("Last-Modified", "")
    return version if version.isascii() and version.isprintable() else None
