"""azure-keyvault-secrets reads every version of every secret, with a token that azure-identity gets.

Environment: AZURE_KEYVAULT_URL (https); AZURE_TENANT_ID, AZURE_CLIENT_ID, AZURE_CLIENT_SECRET (or AZURE_FEDERATED_TOKEN_FILE) and
AZURE_AUTHORITY_HOST; SSL_CA_FILE if the servers' certificates are of an authority of their own. LOOPBACK: a domain whose names are
all taken for 127.0.0.1, such as `vault.test`. ANY_RESOURCE=1: the challenge may name a resource of another domain; the client takes a
port for a part of the domain, so this is needed with any port that the resource does not have.
"""

import os
import socket

from azure.core.exceptions import HttpResponseError, ResourceNotFoundError
from azure.identity import ClientSecretCredential, WorkloadIdentityCredential
from azure.keyvault.secrets import SecretClient

import report

settings = os.environ
domain = settings.get("LOOPBACK")
if domain:
    resolve = socket.getaddrinfo

    def loopback(host, *rest, **more):
        inside = isinstance(host, str) and (host == domain or host.endswith("." + domain))
        return resolve("127.0.0.1" if inside else host, *rest, **more)

    socket.getaddrinfo = loopback

verify = settings.get("SSL_CA_FILE", True)
common = {
    "tenant_id": settings["AZURE_TENANT_ID"],
    "client_id": settings["AZURE_CLIENT_ID"],
    "authority": settings["AZURE_AUTHORITY_HOST"],
    "disable_instance_discovery": True,
    "connection_verify": verify,
    "retry_total": 0,
}
if "AZURE_FEDERATED_TOKEN_FILE" in settings:
    credential = WorkloadIdentityCredential(token_file_path=settings["AZURE_FEDERATED_TOKEN_FILE"], **common)
else:
    credential = ClientSecretCredential(client_secret=settings["AZURE_CLIENT_SECRET"], **common)
client = SecretClient(
    vault_url=settings["AZURE_KEYVAULT_URL"],
    credential=credential,
    verify_challenge_resource="ANY_RESOURCE" not in settings,
    connection_verify=verify,
    retry_total=0,
)

for listed in client.list_properties_of_secrets():
    current = None
    if listed.enabled:
        try:
            current = client.get_secret(listed.name).properties.version
        except HttpResponseError as error:
            report.missing(listed.name, "", f"{error.error.code} {error.status_code}")
    for version in client.list_properties_of_secret_versions(listed.name):
        try:
            secret = client.get_secret(listed.name, version.version)
        except HttpResponseError as error:
            report.missing(listed.name, version.version, f"{error.error.code} {error.status_code}")
            continue
        assert version.enabled, f"{listed.name}: a disabled version was answered"
        assert secret.properties.version == version.version, listed.name
        report.value(listed.name, version.version, secret.value, current=version.version == current)

for deleted in client.list_deleted_secrets():
    report.missing(deleted.name, "", "deleted")

try:
    client.get_secret("absent-from-every-seed")
    raise SystemExit("an absent secret was answered")
except ResourceNotFoundError as error:
    assert error.error.code == "SecretNotFound", error.error
