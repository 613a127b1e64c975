"""A small S3: it keeps objects in memory, and takes none but requests that are signed as Amazon describes.

See "Signature Version 4" in the reference of the AWS API: canonical request, string to sign, derived key.
"""

import hashlib
import hmac
from http.server import BaseHTTPRequestHandler
from urllib.parse import parse_qsl, quote, urlsplit

from tests.fakes.serving import Serving

ABSENT = b"<?xml version='1.0'?><Error><Code>NoSuchKey</Code><Message>none</Message></Error>"
REFUSED = b"<?xml version='1.0'?><Error><Code>SignatureDoesNotMatch</Code><Message>no</Message></Error>"


class S3(Serving):
    """Serves one bucket."""

    access_key, secret_key, region, bucket = "AKIDOFATEST", "secret/of+a+test", "eu-central-1", "portraits"

    def __init__(self) -> None:
        self.objects: dict[str, bytes] = {}
        self.refused = 0
        self.is_away = False

    def handler(self) -> type[BaseHTTPRequestHandler]:
        return type("Handler", (_Handler,), {"s3": self})


class _Handler(BaseHTTPRequestHandler):
    s3: S3
    protocol_version = "HTTP/1.1"

    def do_PUT(self) -> None:
        if self._read():
            self.s3.objects[urlsplit(self.path).path] = self.body
            self._answer(200, b"", ETag='"one"')

    def do_GET(self) -> None:
        if self._read():
            found = self.s3.objects.get(urlsplit(self.path).path)
            if found is None:
                self._answer(404, ABSENT)
            else:
                when = "Sat, 28 Nov 2026 00:00:00 GMT"
                self._answer(200, found, **{"ETag": '"one"', "Last-Modified": when})

    def do_DELETE(self) -> None:
        if self._read():
            self.s3.objects.pop(urlsplit(self.path).path, None)
            self._answer(204, b"")

    def do_POST(self) -> None:
        """Delete several objects, as `?delete` asks."""
        if self._read():
            keys = [part.partition("<")[0] for part in self.body.decode().split("<Key>")[1:]]
            for key in keys:
                self.s3.objects.pop(f"/{self.s3.bucket}/{key}", None)
            deleted = "".join(f"<Deleted><Key>{key}</Key></Deleted>" for key in keys)
            self._answer(200, f"<?xml version='1.0'?><DeleteResult>{deleted}</DeleteResult>".encode())

    def _read(self) -> bool:
        """Read the body, and answer whatever is not signed well."""
        self.body = self.rfile.read(int(self.headers.get("content-length") or 0))
        if self.s3.is_away:
            self._answer(400, REFUSED)
            return False
        if not self._is_signed():
            self.s3.refused += 1
            self._answer(403, REFUSED)
            return False
        return True

    def _is_signed(self) -> bool:
        scheme, _, rest = self.headers.get("authorization", "").partition(" ")
        told = dict(part.strip().split("=", 1) for part in rest.split(",") if "=" in part)
        named = told.get("SignedHeaders", "").split(";")
        stamp, payload = self.headers.get("x-amz-date", ""), self.headers.get("x-amz-content-sha256", "")
        if payload not in ("UNSIGNED-PAYLOAD", hashlib.sha256(self.body).hexdigest()):
            return False
        place = f"{stamp[:8]}/{self.s3.region}/s3/aws4_request"
        parts = urlsplit(self.path)
        pairs = sorted(parse_qsl(parts.query, keep_blank_values=True))
        query = "&".join(f"{quote(name, safe='-_.~')}={quote(value, safe='-_.~')}" for name, value in pairs)
        heads = "".join(f"{name}:{self.headers.get(name, '').strip()}\n" for name in named)
        asked = "\n".join([self.command, parts.path, query, heads, ";".join(named), payload])
        digest = hashlib.sha256(asked.encode()).hexdigest()
        key = f"AWS4{self.s3.secret_key}".encode()
        for part in place.split("/"):
            key = hmac.digest(key, part.encode(), "sha256")
        signed = hmac.new(key, f"AWS4-HMAC-SHA256\n{stamp}\n{place}\n{digest}".encode(), "sha256").hexdigest()
        is_whole = {"host", "x-amz-date", "x-amz-content-sha256"} <= set(named)
        right = (scheme, told.get("Credential")) == ("AWS4-HMAC-SHA256", f"{self.s3.access_key}/{place}")
        return is_whole and right and hmac.compare_digest(signed, told.get("Signature", ""))

    def _answer(self, status: int, body: bytes, **headers: str) -> None:
        self.send_response(status)
        for name, value in headers.items():
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *arguments: object) -> None:
        """Say nothing."""
