"""A time stamp server (RFC 3161) on this machine, out of ``openssl ts``.

`time_server(folder)` gives its address while it runs; its root certificate is ``folder/tr.pem``.
"""

from __future__ import annotations

import http.server
import shutil
import subprocess
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

__all__ = ["time_server"]


class TimeStamping(http.server.BaseHTTPRequestHandler):
    """An RFC 3161 server out of ``openssl ts``."""

    folder = Path()
    left = 0

    def do_POST(self):
        type(self).left -= 1
        if self.left < 0:
            self.close_connection = True
            return  # without a word
        query = self.folder / "query.tsq"
        query.write_bytes(self.rfile.read(int(self.headers["Content-Length"])))
        command = ["openssl", "ts", "-reply", "-config", "ts.cnf", "-queryfile", "query.tsq"]
        subprocess.run(
            [*command, "-out", "reply.tsr"], cwd=self.folder, check=True, capture_output=True
        )
        body = (self.folder / "reply.tsr").read_bytes()
        self.send_response(200)
        self.send_header("Content-Type", "application/timestamp-reply")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_):
        """Quiet."""


TS_CNF = """
[tsa]
default_tsa = t
[t]
serial = serial
signer_cert = tsa.pem
signer_key = tsa.key
signer_digest = sha256
certs = tsa.pem
default_policy = 1.2.3.4
digests = sha256, sha384, sha512
accuracy = secs:1
"""
REQ = """
[req]
distinguished_name = dn
x509_extensions = ext
prompt = no
[dn]
O = Test
CN = Test Time Stamps
[ext]
basicConstraints = critical, CA:FALSE
keyUsage = critical, digitalSignature
extendedKeyUsage = critical, timeStamping
"""


TS_KEYS = (
    "openssl req -x509 -newkey rsa:2048 -nodes -days 9 -config root.cnf -keyout tr.key -out tr.pem",
    "openssl req -new -newkey rsa:2048 -nodes -config req.cnf -keyout tsa.key -out tsa.csr",
    "openssl x509 -req -in tsa.csr -CA tr.pem -CAkey tr.key -CAcreateserial -days 9 -extfile req.cnf -extensions ext -out tsa.pem",
)


@contextmanager
def time_server(folder: Path, *, answers: int = 1_000_000) -> Iterator[str]:
    """A server that falls silent after so many `answers`."""
    if shutil.which("openssl") is None:
        pytest.skip("openssl is not installed")
    folder.mkdir(exist_ok=True)
    (folder / "ts.cnf").write_text(TS_CNF)
    root = REQ.replace("CA:FALSE", "CA:TRUE").replace("digitalSignature", "keyCertSign, cRLSign")
    root = root.replace("extendedKeyUsage = critical, timeStamping\n", "")
    (folder / "root.cnf").write_text(root.replace("Time Stamps", "Time Root"))
    (folder / "req.cnf").write_text(REQ)
    (folder / "serial").write_text("01\n")
    for command in TS_KEYS:
        subprocess.run(command.split(), cwd=folder, check=True, capture_output=True)
    handler = type("Here", (TimeStamping,), {"folder": folder, "left": answers})
    with http.server.HTTPServer(("127.0.0.1", 0), handler) as running:
        thread = threading.Thread(target=running.serve_forever)
        thread.start()
        yield f"http://127.0.0.1:{running.server_port}/"
        running.shutdown()
        thread.join()
