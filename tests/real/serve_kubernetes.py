"""An API server with its etcd for all tests of a run, on the loopback and free ports: serve_kubernetes.py FOLDER.

FOLDER has the programs `etcd` and `kube-apiserver`. Prints where the server is, its certificate and a token for each of two users, `admin` and
`runner`, who may do nothing yet, as one line of JSON, and ends with its standard input.
"""

import json
import os
import secrets
import signal
import socket
import ssl
import subprocess
import sys
import tempfile
import time
import urllib.request

from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec


def free_port():
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        return taken.getsockname()[1]


def is_ready(address, certificate, token):
    request = urllib.request.Request(f"{address}/readyz", headers={"Authorization": f"Bearer {token}"})
    trust = ssl.create_default_context(cafile=certificate)
    with urllib.request.urlopen(request, timeout=5, context=trust) as answer:
        return answer.status == 200


def write(path, text):
    with open(path, "w") as file:
        file.write(text)


def main(programs):
    tokens = {name: secrets.token_hex(16) for name in ("admin", "runner")}
    servers = []
    with tempfile.TemporaryDirectory() as folder:
        client, peer, port = free_port(), free_port(), free_port()
        etcd, peers, address = (f"{scheme}://127.0.0.1:{number}" for scheme, number in (("http", client), ("http", peer), ("https", port)))
        key = ec.generate_private_key(ec.SECP256R1())
        pem = key.private_bytes(
            serialization.Encoding.PEM, serialization.PrivateFormat.TraditionalOpenSSL, serialization.NoEncryption()
        )
        write(f"{folder}/accounts.key", pem.decode())
        write(f"{folder}/tokens", f"{tokens['admin']},admin,1,system:masters\n{tokens['runner']},runner,2\n")
        commands = {
            "etcd": [
                f"--data-dir={folder}/etcd",
                f"--listen-client-urls={etcd}",
                f"--advertise-client-urls={etcd}",
                f"--listen-peer-urls={peers}",
                f"--initial-advertise-peer-urls={peers}",
                f"--initial-cluster=default={peers}",
                "--unsafe-no-fsync",
                "--log-level=warn",
            ],
            "kube-apiserver": [
                f"--etcd-servers={etcd}",
                "--bind-address=127.0.0.1",
                f"--secure-port={port}",
                f"--cert-dir={folder}/certificates",
                f"--token-auth-file={folder}/tokens",
                "--authorization-mode=RBAC",
                "--endpoint-reconciler-type=none",
                "--service-cluster-ip-range=10.0.0.0/24",
                "--service-account-issuer=https://kubernetes.default.svc",
                f"--service-account-key-file={folder}/accounts.key",
                f"--service-account-signing-key-file={folder}/accounts.key",
                "--disable-admission-plugins=ServiceAccount",
            ],
        }
        try:
            for name, arguments in commands.items():
                with open(f"{folder}/{name}.log", "wb") as log:
                    command = [os.path.join(programs, name), *arguments]
                    servers.append(subprocess.Popen(command, cwd=folder, stdin=subprocess.DEVNULL, stdout=log, stderr=log))
            certificate = f"{folder}/certificates/apiserver.crt"
            end = time.monotonic() + 55
            while True:
                try:
                    if is_ready(address, certificate, tokens["admin"]):
                        break
                except Exception as error:
                    if any(server.poll() is not None for server in servers) or time.monotonic() > end:
                        tails = [open(f"{folder}/{name}.log", errors="replace").read()[-1500:] for name in commands]
                        raise SystemExit(f"the API server did not start: {error}\n" + "\n".join(tails))
                time.sleep(0.1)
            with open(certificate) as file:
                print(json.dumps({"address": address, "certificate": file.read(), **tokens}), flush=True)
            sys.stdin.read()
        finally:
            for server in reversed(servers):
                server.send_signal(signal.SIGTERM)
            for server in servers:
                try:
                    server.wait(5)
                except subprocess.TimeoutExpired:
                    server.kill()
                    server.wait()


main(sys.argv[1])
