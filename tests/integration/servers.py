"""Real servers for the tests of this folder, each on a free port, stopped when the test ends."""

from __future__ import annotations

import http.server
import os
import pwd
import shutil
import socket
import ssl
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from functools import partial
from ipaddress import ip_address
from pathlib import Path

XROOTD = """
xrd.port {port}
xrd.network nodnr
all.adminpath {base}/admin
all.pidpath {base}/admin
oss.localroot {base}/served
all.export /eos
xrootd.async off
"""


def free_port() -> int:
    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))
        return int(found.getsockname()[1])


def why_no_xrootd() -> str:
    """Why there is no XRootD here, or nothing."""
    if shutil.which("xrootd") is None:
        return "no xrootd program: apt-get install xrootd-server"
    try:
        import fsspec_xrootd  # noqa: F401
        import XRootD  # noqa: F401
    except ModuleNotFoundError as error:
        return f"{error.name} is not installed: pip install 'bartik[remote]'"
    return ""


@contextmanager
def xrootd(*files: Path) -> Iterator[str]:
    """Serve copies of files; the address of the folder they are in. The server refuses to run as root, and becomes ``nobody``."""
    base, port = Path(tempfile.mkdtemp(prefix="xrootd-")), free_port()
    served = base / "served" / "eos" / "user"
    served.mkdir(parents=True)
    (base / "admin").mkdir()
    for file in files:
        shutil.copy(file, served)
    (base / "config").write_text(XROOTD.format(port=port, base=base))
    root = os.geteuid() == 0
    user = pwd.getpwnam("nobody")
    for path in [base, *base.rglob("*")]:
        path.chmod(0o755 if path.is_dir() else 0o644)
        if root:
            os.chown(path, user.pw_uid, user.pw_gid)
    keywords = {"user": user.pw_uid, "group": user.pw_gid, "extra_groups": []} if root else {}
    server = subprocess.Popen(["xrootd", "-c", str(base / "config"), "-l", str(base / "log")], cwd=base, **keywords)
    try:
        _wait(port, server)
        yield f"root://localhost:{port}//eos/user"
    finally:
        server.terminate()
        server.wait(timeout=30)
        shutil.rmtree(base, ignore_errors=True)


SSHD = """
import asyncio, asyncssh, sys
class Server(asyncssh.SSHServer):
    def begin_auth(self, username): return True
    def password_auth_supported(self): return True
    def validate_password(self, username, password): return password == sys.argv[2]
async def main():
    key = asyncssh.generate_private_key("ssh-ed25519")
    await asyncssh.listen("127.0.0.1", int(sys.argv[1]), server_host_keys=[key], server_factory=Server, sftp_factory=True)
    await asyncio.Event().wait()
asyncio.run(main())
"""
WEBDAV = """
host: 127.0.0.1
port: {port}
provider_mapping: {{"/": "{folder}"}}
simple_dc: {{user_mapping: {{"*": {{me: {{password: {password}}}}}}}}}
"""


@contextmanager
def ssh(password: str) -> Iterator[int]:
    """An SFTP server on all files this user may see; its port."""
    port = free_port()
    with _serving([sys.executable, "-c", SSHD, str(port), password], port):
        yield port


@contextmanager
def webdav(folder: Path, password: str) -> Iterator[int]:
    """A WebDAV server on a folder, for the user ``me``; its port."""
    port = free_port()
    config = folder.with_suffix(".yaml")
    config.write_text(WEBDAV.format(port=port, folder=folder, password=password))
    with _serving([sys.executable, "-m", "wsgidav.server.server_cli", "-c", str(config)], port):
        yield port


@contextmanager
def s3() -> Iterator[int]:
    """An S3 server that keeps everything in memory and takes any key; its port.

    Its program may be in an environment of its own: the S3 library that it needs is rarely the one that s3fs needs.
    """
    port = free_port()
    with _serving([shutil.which("moto_server") or "moto_server", "-p", str(port)], port):
        yield port


@contextmanager
def _serving(command: list[str], port: int) -> Iterator[None]:
    server = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        _wait(port, server)
        yield
    finally:
        server.terminate()
        server.wait(timeout=30)


def _wait(port: int, server: subprocess.Popen[bytes]) -> None:
    for _ in range(300):
        with socket.socket() as client:
            if client.connect_ex(("127.0.0.1", port)) == 0:
                return
        assert server.poll() is None, f"{server.args} ended"
        time.sleep(0.1)
    raise AssertionError(f"{server.args} does not answer")


class _Guarded(http.server.SimpleHTTPRequestHandler):
    """Gives files to those who know the token; ``cut`` in the name ends the connection half-way."""

    def do_GET(self) -> None:
        if "?token=opensesame" not in self.path:
            self.send_error(403)
        elif "cut" in self.path:
            content = (Path(self.directory) / self.path.partition("?")[0].lstrip("/")).read_bytes()
            self.send_response(200)
            self.send_header("Content-Length", str(len(content)))
            self.end_headers()
            self.wfile.write(content[: len(content) // 2])
            self.close_connection = True
        else:
            super().do_GET()

    def do_HEAD(self) -> None:
        if "?token=opensesame" in self.path:
            super().do_HEAD()
        else:
            self.send_error(403)

    def log_message(self, *_: object) -> None:
        pass


@contextmanager
def https(folder: Path, certificate: Path) -> Iterator[str]:
    """Serve a folder over TLS with a certificate of its own, which is written to ``certificate``."""
    _certify(certificate)
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), partial(_Guarded, directory=str(folder)))
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate)
    server.socket = context.wrap_socket(server.socket, server_side=True)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield f"https://localhost:{server.server_address[1]}"
    finally:
        server.shutdown()
        server.server_close()
        thread.join(timeout=10)


def _certify(path: Path) -> None:
    from cryptography import x509
    from cryptography.hazmat.primitives import hashes, serialization
    from cryptography.hazmat.primitives.asymmetric import ec

    key = ec.generate_private_key(ec.SECP256R1())
    name, now = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "localhost")]), datetime.now(UTC)
    names = x509.SubjectAlternativeName([x509.DNSName("localhost"), x509.IPAddress(ip_address("127.0.0.1"))])
    built = x509.CertificateBuilder(name, name, key.public_key(), x509.random_serial_number(), now - timedelta(1), now + timedelta(1))
    signed = built.add_extension(names, critical=False).sign(key, hashes.SHA256())
    plain = serialization.NoEncryption()
    private = key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, plain)
    path.write_bytes(private + signed.public_bytes(serialization.Encoding.PEM))
