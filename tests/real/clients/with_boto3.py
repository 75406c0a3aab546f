"""boto3 reads every version of every secret of Secrets Manager and every parameter of SSM.

Environment: whatever boto3 reads, such as AWS_ENDPOINT_URL, AWS_REGION, AWS_ACCESS_KEY_ID, AWS_SECRET_ACCESS_KEY and AWS_CA_BUNDLE.

Each current value is read in a batch and alone, which must agree. A parameter's name begins with `ssm:`.
"""

import os

import boto3
from botocore.config import Config
from botocore.exceptions import ClientError

import report

config = Config(retries={"max_attempts": 1}, region_name=os.environ.get("AWS_REGION", "us-east-1"))
secrets = boto3.client("secretsmanager", config=config)
parameters = boto3.client("ssm", config=config)


def pages(client, operation, key, **arguments):
    for page in client.get_paginator(operation).paginate(**arguments):
        yield from page[key]


def pieces(items, size):
    for start in range(0, len(items), size):
        yield items[start : start + size]


def content(answer):
    return answer["SecretString"] if "SecretString" in answer else answer["SecretBinary"]


listed = [secret["Name"] for secret in pages(secrets, "list_secrets", "SecretList")]
for names in pieces(listed, 20):
    batch = secrets.batch_get_secret_value(SecretIdList=names)
    for error in batch.get("Errors", []):
        report.missing(error["SecretId"], "", error["ErrorCode"])
    for answer in batch["SecretValues"]:
        name = answer["Name"]
        alone = secrets.get_secret_value(SecretId=name)
        assert (alone["VersionId"], content(alone)) == (answer["VersionId"], content(answer)), name
        described = secrets.describe_secret(SecretId=name)
        assert answer["VersionId"] in described["VersionIdsToStages"], name
        for version, stages in described["VersionIdsToStages"].items():
            value = secrets.get_secret_value(SecretId=name, VersionId=version)
            report.value(name, version, content(value), current="AWSCURRENT" in stages)

listed = [parameter["Name"] for parameter in pages(parameters, "describe_parameters", "Parameters")]
for names in pieces(listed, 10):
    batch = parameters.get_parameters(Names=names, WithDecryption=True)
    for name in batch["InvalidParameters"]:
        report.missing(f"ssm:{name}", "", "InvalidParameter")
    for parameter in batch["Parameters"]:
        name, version = parameter["Name"], parameter["Version"]
        pinned = parameters.get_parameter(Name=f"{name}:{version}", WithDecryption=True)["Parameter"]
        assert pinned["Value"] == parameter["Value"], name
        report.value(f"ssm:{name}", version, parameter["Value"], type=parameter["Type"])

# What is not there has to be reported in the words that the SDK knows.
try:
    secrets.get_secret_value(SecretId="absent-from-every-seed")
    raise SystemExit("an absent secret was answered")
except ClientError as error:
    assert error.response["Error"]["Code"] == "ResourceNotFoundException", error.response["Error"]["Code"]
