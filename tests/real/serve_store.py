"""An object store for one test, on the loopback and a free port, with the bucket `cloze` in it: serve_store.py KIND PROGRAM.

Prints where it is and what opens it as one line of JSON, and ends with its standard input.
"""

import base64
import datetime
import hashlib
import hmac
import http.client
import json
import os
import secrets
import signal
import socket
import subprocess
import sys
import tempfile
import time

BUCKET = "cloze"

# moto looks whether an object is there and then writes it, in a thread for each request: two creations could both win, which S3 rules out. So
# it answers one request at a time.
MOTO = """
import sys
from moto.server import DomainDispatcherApplication, create_backend_app
from werkzeug.serving import run_simple
run_simple("127.0.0.1", int(sys.argv[1]), DomainDispatcherApplication(create_backend_app), threaded=False)
"""


def free_port():
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        return taken.getsockname()[1]


def ask(port, method, path, headers=None, body=None):
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=5)
    try:
        connection.request(method, path, body=body, headers=headers or {})
        return connection.getresponse().status
    finally:
        connection.close()


def s3_bucket(port, key, secret):
    """By the vendor's own client, which signs."""
    import boto3
    from botocore.config import Config

    once = Config(retries={"total_max_attempts": 1}, s3={"addressing_style": "path"})
    client = boto3.client(
        "s3",
        endpoint_url=f"http://127.0.0.1:{port}",
        region_name="us-east-1",
        aws_access_key_id=key,
        aws_secret_access_key=secret,
        config=once,
    )
    client.create_bucket(Bucket=BUCKET)


def gcs_bucket(port, _key, _secret):
    body = json.dumps({"name": BUCKET})
    status = ask(port, "POST", "/storage/v1/b?project=cloze", {"Content-Type": "application/json"}, body)
    if status != 200:
        raise OSError(f"status {status}")


def azure_bucket(port, account, key):
    """By a shared key (learn.microsoft.com/rest/api/storageservices/authorize-with-shared-key)."""
    date = datetime.datetime.now(datetime.timezone.utc).strftime("%a, %d %b %Y %H:%M:%S GMT")
    version = "2021-12-02"
    words = f"PUT\n\n\n\n\n\n\n\n\n\n\n\nx-ms-date:{date}\nx-ms-version:{version}\n/{account}/{account}/{BUCKET}\nrestype:container"
    signature = base64.b64encode(hmac.digest(base64.b64decode(key), words.encode(), hashlib.sha256)).decode()
    headers = {"x-ms-date": date, "x-ms-version": version, "Authorization": f"SharedKey {account}:{signature}", "Content-Length": "0"}
    status = ask(port, "PUT", f"/{account}/{BUCKET}?restype=container", headers)
    if status != 201:
        raise OSError(f"status {status}")


def commands(kind, program, port, key, secret, folder):
    """The server's command, its environment, and what makes the bucket."""
    if kind == "versitygw":
        os.makedirs(f"{folder}/data")
        os.makedirs(f"{folder}/meta")
        command = [program, "--port", f"127.0.0.1:{port}", "--quiet", "posix", "--sidecar", f"{folder}/meta", f"{folder}/data"]
        return command, {"ROOT_ACCESS_KEY": key, "ROOT_SECRET_KEY": secret}, s3_bucket
    if kind == "gcs":
        return [program, str(port)], {}, gcs_bucket
    if kind == "azurite":
        quiet = ["--inMemoryPersistence", "--silent", "--disableTelemetry", "--skipApiVersionCheck"]
        command = [program, "--blobHost", "127.0.0.1", "--blobPort", str(port), *quiet]
        return command, {"AZURITE_ACCOUNTS": f"{key}:{secret}", "PATH": os.environ.get("PATH", "/usr/bin:/bin")}, azure_bucket
    if kind == "moto":
        return [sys.executable, "-c", MOTO, str(port)], {}, s3_bucket
    raise SystemExit(f"no such store: {kind}")


def main(kind, program):
    port = free_port()
    azure = kind == "azurite"
    key = "clozetest" if azure else secrets.token_hex(10)
    secret = base64.b64encode(secrets.token_bytes(32)).decode() if azure else secrets.token_hex(20)
    with tempfile.TemporaryDirectory() as folder:
        command, environment, make_bucket = commands(kind, program, port, key, secret, folder)
        with open(f"{folder}/log", "wb") as log:
            server = subprocess.Popen(command, env=environment, cwd=folder, stdin=subprocess.DEVNULL, stdout=log, stderr=log)
        try:
            end = time.monotonic() + 50
            while True:
                try:
                    make_bucket(port, key, secret)
                    break
                except Exception as error:
                    if server.poll() is not None or time.monotonic() > end:
                        with open(f"{folder}/log") as log:
                            raise SystemExit(f"{kind} did not start: {error}\n{log.read()[-2000:]}")
                    time.sleep(0.1)
            ready = {"endpoint": f"http://127.0.0.1:{port}", "bucket": BUCKET, "id": key, "secret": secret}
            print(json.dumps(ready), flush=True)
            sys.stdin.read()
        finally:
            server.send_signal(signal.SIGTERM)
            try:
                server.wait(5)
            except subprocess.TimeoutExpired:
                server.kill()


main(sys.argv[1], sys.argv[2])
