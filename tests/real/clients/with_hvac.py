"""hvac reads every field of every version of every secret in a KV mount.

Environment: VAULT_ADDR; VAULT_TOKEN, or APPROLE_ROLE_ID with APPROLE_SECRET_ID, or JWT with JWT_ROLE (JWT_MOUNT: jwt or kubernetes);
VAULT_NAMESPACE, VAULT_CACERT, VAULT_CLIENT_CERT and VAULT_CLIENT_KEY if there are any. KV_MOUNT: `secret` by default; KV_VERSION: 2 by
default. A login's token is revoked in the end.

A value's name is `path#field`; what is no string is reported as JSON without white space.
"""

import json
import os

import hvac

import report

settings = os.environ
certificate = (settings["VAULT_CLIENT_CERT"], settings["VAULT_CLIENT_KEY"]) if "VAULT_CLIENT_CERT" in settings else None
client = hvac.Client(
    url=settings["VAULT_ADDR"],
    namespace=settings.get("VAULT_NAMESPACE"),
    verify=settings.get("VAULT_CACERT", True),
    cert=certificate,
)
if "APPROLE_ROLE_ID" in settings:
    client.auth.approle.login(role_id=settings["APPROLE_ROLE_ID"], secret_id=settings.get("APPROLE_SECRET_ID"))
elif "JWT" in settings:
    mount = settings.get("JWT_MOUNT", "jwt")
    if mount == "kubernetes":
        client.auth.kubernetes.login(role=settings["JWT_ROLE"], jwt=settings["JWT"])
    else:
        client.auth.jwt.jwt_login(role=settings["JWT_ROLE"], jwt=settings["JWT"], path=mount)
else:
    client.token = settings["VAULT_TOKEN"]

mount = settings.get("KV_MOUNT", "secret")
kv = client.secrets.kv.v1 if settings.get("KV_VERSION") == "1" else client.secrets.kv.v2


def names(folder=""):
    try:
        keys = kv.list_secrets(path=folder, mount_point=mount)["data"]["keys"]
    except hvac.exceptions.InvalidPath:
        return
    for key in keys:
        if key.endswith("/"):
            yield from names(folder + key)
        else:
            yield folder + key


def fields(name, version, data):
    for field, content in data.items():
        text = content if isinstance(content, str) else json.dumps(content, separators=(",", ":"), ensure_ascii=False)
        report.value(f"{name}#{field}", version, text)


for name in names():
    if kv is client.secrets.kv.v1:
        fields(name, "", kv.read_secret(path=name, mount_point=mount)["data"])
        continue
    for version, state in kv.read_secret_metadata(path=name, mount_point=mount)["data"]["versions"].items():
        if state["destroyed"] or state["deletion_time"]:
            report.missing(name, version, "destroyed" if state["destroyed"] else "deleted")
            continue
        answer = kv.read_secret_version(path=name, version=int(version), mount_point=mount, raise_on_deleted_version=True)
        fields(name, version, answer["data"]["data"])

if "APPROLE_ROLE_ID" in settings or "JWT" in settings:
    client.auth.token.revoke_self()
