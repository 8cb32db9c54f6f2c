"""The proxies that are shipped in deploy/, as an operator runs them: with other ports, names and certificates."""

from __future__ import annotations

import os
import re
import socket
import subprocess
import time
from collections.abc import Sequence
from datetime import timedelta
from ipaddress import ip_address
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from ivr.config.settings import Settings
from ivr.domain.timestamps import utc_now
from tests.support.environment import ROOT

DEPLOY = ROOT / "deploy"


def certificate(folder: Path, valid_for: timedelta = timedelta(days=1)) -> Path:
    """A certificate for this machine, in files as the shipped configurations name them; the file that vouches for it.

    One authority signs all of a folder. `valid_for` counts from now; a negative one has passed.
    """
    authority, authority_key = folder / "authority.pem", folder / "authority.key"
    if not authority.exists():
        key = _new_key(authority_key)
        about = x509.BasicConstraints(ca=True, path_length=0)
        authority.write_bytes(_signed("authority", key.public_key(), key, about, timedelta(days=1)))
    here = x509.SubjectAlternativeName([x509.IPAddress(ip_address("127.0.0.1"))])
    own, signer = _new_key(folder / "hotline.key"), _key(authority_key)
    public = _signed("here", own.public_key(), signer, here, valid_for)
    (folder / "hotline.pem").write_bytes(public)
    (folder / "hotline-with-key.pem").write_bytes(public + (folder / "hotline.key").read_bytes())
    return authority


def _signed(name: str, public_key: ec.EllipticCurvePublicKey, signer: ec.EllipticCurvePrivateKey,
            about: x509.ExtensionType, valid_for: timedelta) -> bytes:  # fmt: skip
    named = {who: x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, who)]) for who in (name, "authority")}
    signed = (
        x509.CertificateBuilder()
        .subject_name(named[name])
        .issuer_name(named["authority"])
        .public_key(public_key)
        .serial_number(x509.random_serial_number())
        .not_valid_before(utc_now() - timedelta(days=1))
        .not_valid_after(utc_now() + valid_for)
        .add_extension(about, critical=isinstance(about, x509.BasicConstraints))
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(public_key), critical=False)
        .add_extension(x509.AuthorityKeyIdentifier.from_issuer_public_key(signer.public_key()), critical=False)
        .sign(signer, hashes.SHA256())
    )
    return signed.public_bytes(serialization.Encoding.PEM)


def _new_key(file: Path) -> ec.EllipticCurvePrivateKey:
    key = ec.generate_private_key(ec.SECP256R1())
    form = serialization.PrivateFormat.PKCS8
    file.write_bytes(key.private_bytes(serialization.Encoding.PEM, form, serialization.NoEncryption()))
    return key


def _key(file: Path) -> ec.EllipticCurvePrivateKey:
    key = serialization.load_pem_private_key(file.read_bytes(), None)
    assert isinstance(key, ec.EllipticCurvePrivateKey)
    return key


class Proxy:
    """nginx or HAProxy before a running hotline; HAProxy before several hosts, too."""

    def __init__(self, name: str, folder: Path, port: int, *hosts: Settings) -> None:
        self.name = name
        settings = hosts[0]
        file = {"nginx": "nginx.conf", "haproxy": "haproxy.cfg"}[name]
        text = (DEPLOY / file).read_text()
        if len(hosts) > 1:
            text = _for_each(text, hosts)
        for shipped, here in (
            ("listen 443", f"listen 127.0.0.1:{port}"),
            ("maxconn 8192", "maxconn 1000"),
            ("bind :443", f"bind 127.0.0.1:{port}"),
            ("127.0.0.1:8002", f"127.0.0.1:{settings.calls_port}"),
            ("127.0.0.1:8001", f"127.0.0.1:{settings.exchange_port}"),
            ("127.0.0.1:8000", f"127.0.0.1:{settings.port}"),
            ("/etc/ssl/", f"{folder}/"),
            ("/var/log/nginx/", f"{folder}/"),
            ("/run/nginx.pid", f"{folder}/nginx.pid"),
        ):
            text = text.replace(shipped, here)
        if name == "nginx":
            for kind in ("client_body", "proxy", "fastcgi", "uwsgi", "scgi"):
                text = text.replace("http {\n", f"http {{\n    {kind}_temp_path {folder}/{kind};\n", 1)
            if os.geteuid() == 0:
                text = "user root;\n" + text
        (folder / file).write_text(text)
        self._port = port
        self._command = {
            "nginx": ["/usr/sbin/nginx", "-c", str(folder / file), "-g", "daemon off;"],
            "haproxy": ["/usr/sbin/haproxy", "-db", "-f", str(folder / file)],
        }[name]
        self.log = folder / f"{name}.log"
        self.start()

    def start(self) -> None:
        """Start it, also again, and wait until it takes connections."""
        with self.log.open("w") as log:
            self._process = subprocess.Popen(self._command, stdout=log, stderr=log, start_new_session=True)
        deadline = time.monotonic() + 15
        while True:
            try:
                socket.create_connection(("127.0.0.1", self._port), timeout=1).close()
                return
            except OSError:
                assert time.monotonic() < deadline and self._process.poll() is None, self.log.read_text()
                time.sleep(0.1)

    def stop(self) -> None:
        """End it."""
        self._process.terminate()
        self._process.wait(15)


def _for_each(text: str, hosts: Sequence[Settings]) -> str:
    """Each line of a server once for each host; whether it takes connections is looked at, also where pages are."""
    lines = []
    for line in text.splitlines(keepends=True):
        server = re.match(r"( +server \w+)( 127\.0\.0\.1:800[02].*\n)", line)
        for number, one in enumerate(hosts if server else ()):
            rest = server[2].replace(":8002", f":{one.calls_port}").replace(":8000", f":{one.port}")  # type: ignore[index]
            rest = rest if " check " in rest else rest.replace("\n", " check inter 1s fall 2 rise 1\n")
            lines.append(f"{server[1]}-{number + 1}{rest}")  # type: ignore[index]
        lines += [] if server else [line]
    return "".join(lines)
