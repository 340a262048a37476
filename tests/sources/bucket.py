"""The bucket that Lambda gives code out of, on this machine, beside an account on moto."""

import io
import threading
import zipfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from hashlib import sha256
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

PLAIN = "def handler(event, context):\n    return event\n"
"""Code that calls nothing, which is what a function has that nobody put anything in for."""


@dataclass
class Bucket:
    """Where it is (`home`, a URL), the `app.py` of functions by name, and the names of those that were fetched."""

    home: str = ""
    texts: dict[str, str] = field(default_factory=dict)
    fetched: list[str] = field(default_factory=list)

    def package(self, name: str) -> bytes:
        packed = io.BytesIO()
        with zipfile.ZipFile(packed, "w") as archive:
            archive.writestr("app.py", self.texts.get(name, PLAIN))
        return packed.getvalue()

    def serve(self, session: Any) -> None:
        """Have Lambda say, in a session on moto, that code is here; AWS_ENDPOINT_URL_LAMBDA must be `home`."""
        session.events.register("request-created.lambda", self._to_moto)
        session.events.register("after-call.lambda.GetFunction", self._locate)

    def _to_moto(self, request: Any, **_: Any) -> None:
        request.url = request.url.replace(self.home, f"https://lambda.{request.context['client_region']}.amazonaws.com")

    def _locate(self, parsed: dict[str, Any], **_: Any) -> None:
        if "Configuration" in parsed:
            name = parsed["Configuration"]["FunctionName"]
            parsed["Code"]["Location"] = f"{self.home}/{name}"
            # What moto was given is another package.
            parsed["Configuration"]["CodeSha256"] = sha256(self.texts.get(name, PLAIN).encode()).hexdigest()


@contextmanager
def opened() -> Iterator[Bucket]:
    """A bucket that can be fetched from."""
    bucket = Bucket()

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            name = self.path.removeprefix("/")
            bucket.fetched.append(name)
            self.send_response(200)
            self.end_headers()
            self.wfile.write(bucket.package(name))

        def log_message(self, *_: Any) -> None:
            """Say nothing."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True).start()
    bucket.home = f"http://127.0.0.1:{server.server_port}"
    yield bucket
    server.shutdown()
    server.server_close()
