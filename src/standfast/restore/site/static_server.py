"""Serves one folder on loopback, for a browser that looks at a restored site. Plain files, right types, no listing."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

from standfast.restore.site.places import PREFERRED


class _Handler(SimpleHTTPRequestHandler):
    extensions_map = {  # noqa: RUF012 - it is an instance's in the base class, and never changed
        **SimpleHTTPRequestHandler.extensions_map,
        **{ending: kind for kind, ending in PREFERRED.items()},
        ".html": "text/html; charset=utf-8",
        ".htm": "text/html; charset=utf-8",
        ".css": "text/css; charset=utf-8",
        ".js": "text/javascript; charset=utf-8",
        ".mjs": "text/javascript; charset=utf-8",
        "": "application/octet-stream",
    }

    def log_message(self, format: str, *args: Any) -> None:
        """Say nothing: addresses are nobody's business."""

    def list_directory(self, path: Any) -> None:
        """No listing: what has no index is not there."""
        self.send_error(404)


@contextmanager
def serve_folder(folder: Path) -> Iterator[str]:
    """Serve a folder while the block runs; yields `http://127.0.0.1:PORT`."""
    server = ThreadingHTTPServer(("127.0.0.1", 0), partial(_Handler, directory=str(folder)))
    server.daemon_threads = True
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_address[1]}"
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
