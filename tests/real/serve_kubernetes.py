"""An API server with its etcd for all tests of a run, on the loopback and free ports: serve_kubernetes.py FOLDER [--nodes] [--audit FILE].

FOLDER has the programs. With `--nodes` the rest of a cluster runs too: the controllers, the scheduler, and the node `kubelet`, on which the
images' names say what becomes of pods (tests/real/kubernetes/kubelet); a container that crashes is started again after a second at most.
With `--audit` the server writes a line for each request into the file (kubernetes.io/docs/tasks/debug/debug-cluster/audit).
Prints where the server is, its certificate and a token for each of two users, `admin` and `runner`, who may do nothing yet, as one line of
JSON, and ends with its standard input.
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


AUDIT = """apiVersion: audit.k8s.io/v1
kind: Policy
omitStages: [RequestReceived, ResponseStarted]
rules: [{ level: Metadata }]
"""


def free_port():
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        return taken.getsockname()[1]


def get(address, certificate, token, path):
    request = urllib.request.Request(f"{address}{path}", headers={"Authorization": f"Bearer {token}"})
    trust = ssl.create_default_context(cafile=certificate)
    with urllib.request.urlopen(request, timeout=5, context=trust) as answer:
        return answer.read()


def has_ready_node(answer):
    conditions = [one for node in json.loads(answer)["items"] for one in node["status"].get("conditions", [])]
    return any(one["type"] == "Ready" and one["status"] == "True" for one in conditions)


def wait_until(name, ready, servers, logs):
    end = time.monotonic() + 55
    while True:
        try:
            if ready():
                return
            error = "not ready yet"
        except Exception as failure:
            error = failure
        if any(server.poll() is not None for server in servers) or time.monotonic() > end:
            tails = [open(log, errors="replace").read()[-1500:] for log in logs]
            raise SystemExit(f"{name} did not start: {error}\n" + "\n".join(tails))
        time.sleep(0.1)


def write(path, text):
    with open(path, "w") as file:
        file.write(text)


def kubeconfig(address, certificate, token):
    cluster = {"server": address, "certificate-authority": certificate}
    return json.dumps(
        {
            "apiVersion": "v1",
            "kind": "Config",
            "current-context": "lab",
            "contexts": [{"name": "lab", "context": {"cluster": "lab", "user": "lab"}}],
            "clusters": [{"name": "lab", "cluster": cluster}],
            "users": [{"name": "lab", "user": {"token": token}}],
        }
    )


def main(programs, nodes, audit):
    tokens = {name: secrets.token_hex(16) for name in ("admin", "runner")}
    servers = []
    logs = []
    with tempfile.TemporaryDirectory() as folder:
        client, peer, port = free_port(), free_port(), free_port()
        etcd, peers, address = (f"{scheme}://127.0.0.1:{number}" for scheme, number in (("http", client), ("http", peer), ("https", port)))
        certificate = f"{folder}/certificates/apiserver.crt"
        key = ec.generate_private_key(ec.SECP256R1())
        pem = key.private_bytes(
            serialization.Encoding.PEM, serialization.PrivateFormat.TraditionalOpenSSL, serialization.NoEncryption()
        )
        write(f"{folder}/accounts.key", pem.decode())
        write(f"{folder}/tokens", f"{tokens['admin']},admin,1,system:masters\n{tokens['runner']},runner,2\n")
        write(f"{folder}/kubeconfig", kubeconfig(address, certificate, tokens["admin"]))
        write(f"{folder}/audit", AUDIT)
        storage = {
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
                *([f"--audit-policy-file={folder}/audit", f"--audit-log-path={audit}"] if audit else []),
                # Without controllers no namespace has the account that it asks for.
                *([] if nodes else ["--disable-admission-plugins=ServiceAccount"]),
            ],
        }
        rest = {
            "kube-controller-manager": [
                f"--kubeconfig={folder}/kubeconfig",
                f"--service-account-private-key-file={folder}/accounts.key",
                f"--root-ca-file={certificate}",
                "--leader-elect=false",
                "--secure-port=0",
                "--kube-api-qps=200",
                "--kube-api-burst=400",
            ],
            "kube-scheduler": [f"--kubeconfig={folder}/kubeconfig", "--leader-elect=false", "--secure-port=0"],
            "kubelet": [f"-kubeconfig={folder}/kubeconfig", "-backoff=1s"],
        }

        def start(commands):
            for name, arguments in commands.items():
                logs.append(f"{folder}/{name}.log")
                with open(logs[-1], "wb") as log:
                    command = [os.path.join(programs, name), *arguments]
                    servers.append(subprocess.Popen(command, cwd=folder, stdin=subprocess.DEVNULL, stdout=log, stderr=log))

        def answer(path):
            return get(address, certificate, tokens["admin"], path)

        try:
            start(storage)
            wait_until("the API server", lambda: answer("/readyz") == b"ok", servers, logs)
            if nodes:
                start(rest)
                wait_until("the node", lambda: has_ready_node(answer("/api/v1/nodes")), servers, logs)
                wait_until("the controllers", lambda: answer("/api/v1/namespaces/default/serviceaccounts/default"), servers, logs)
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


options = sys.argv[2:]
main(sys.argv[1], "--nodes" in options, options[options.index("--audit") + 1] if "--audit" in options else None)
