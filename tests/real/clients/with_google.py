"""google-cloud-secret-manager reads every version of every secret of a project over REST.

Environment: GOOGLE_CLOUD_PROJECT; SECRET_MANAGER_URL, such as http://127.0.0.1:8080; GOOGLE_APPLICATION_CREDENTIALS for a service
account or an external account, or GOOGLE_TOKEN for a token that is there already, or neither for none; GOOGLE_CLOUD_LOCATION for a
regional parent; REQUESTS_CA_BUNDLE.

The CRC-32C that comes with a value is computed again and compared.
"""

import os
from urllib.parse import urlsplit

import google.auth
from google.api_core.exceptions import GoogleAPICallError, NotFound
from google.auth.credentials import AnonymousCredentials
from google.cloud.secretmanager_v1 import SecretManagerServiceClient, SecretVersion
from google.cloud.secretmanager_v1.services.secret_manager_service.transports import SecretManagerServiceRestTransport
from google.oauth2.credentials import Credentials

import report

settings = os.environ
if "GOOGLE_APPLICATION_CREDENTIALS" in settings:
    credentials, _ = google.auth.default(scopes=["https://www.googleapis.com/auth/cloud-platform"])
elif "GOOGLE_TOKEN" in settings:
    credentials = Credentials(settings["GOOGLE_TOKEN"])
else:
    credentials = AnonymousCredentials()
place = urlsplit(settings["SECRET_MANAGER_URL"])
transport = SecretManagerServiceRestTransport(host=place.netloc, url_scheme=place.scheme, credentials=credentials)
client = SecretManagerServiceClient(transport=transport)
parent = f"projects/{settings['GOOGLE_CLOUD_PROJECT']}"
if "GOOGLE_CLOUD_LOCATION" in settings:
    parent += f"/locations/{settings['GOOGLE_CLOUD_LOCATION']}"


def crc32c(data):
    """Castagnoli's polynomial, reflected (RFC 3720 appendix B.4)."""
    register = 0xFFFFFFFF
    for byte in data:
        register ^= byte
        for _ in range(8):
            register = register >> 1 ^ (0x82F63B78 if register & 1 else 0)
    return register ^ 0xFFFFFFFF


assert crc32c(b"123456789") == 0xE3069283

for secret in client.list_secrets(parent=parent, retry=None):
    name = secret.name.rsplit("/", 1)[1]
    for version in client.list_secret_versions(parent=secret.name, retry=None):
        number = version.name.rsplit("/", 1)[1]
        try:
            payload = client.access_secret_version(name=version.name, retry=None).payload
        except GoogleAPICallError as error:
            assert version.state != SecretVersion.State.ENABLED, error
            report.missing(name, number, f"{version.state.name.lower()} {error.code.value}")
            continue
        assert version.state == SecretVersion.State.ENABLED, version.name
        if "data_crc32c" in payload:
            assert payload.data_crc32c == crc32c(payload.data), f"{version.name}: the CRC is wrong"
        report.value(name, number, payload.data, crc="data_crc32c" in payload)

try:
    client.access_secret_version(name=f"{parent}/secrets/absent-from-every-seed/versions/latest", retry=None)
    raise SystemExit("an absent secret was answered")
except NotFound:
    pass
