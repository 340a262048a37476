"""Extensions that answer on localhost: a request to one is a call of AWS with the rights of the role.

Sources: Secrets Manager User Guide, "Use AWS Secrets Manager secrets in AWS Lambda functions"; Systems Manager User
Guide, "Using Parameter Store parameters in Lambda functions"; AppConfig User Guide, "Using AWS AppConfig Agent with
AWS Lambda".
"""

import re

from rolecall.needs.code.machine import Machine, Site
from rolecall.needs.code.values import UNKNOWN_TEXT, Value, texts

LOCAL = re.compile(r"(localhost|127\.0\.0\.1|⟨\?⟩|⟨env:[^⟩]*⟩)(:|/|⟨)")
SECRET = re.compile(r"/secretsmanager/get(?:\?.*?secretId=([^&]*))?")
PARAMETER = re.compile(r"/systemsmanager/parameters/get(?:/?\?.*?name=([^&]*))?")
CONFIGURATION = re.compile(r"/applications/([^/]+)/environments/([^/]+)/configurations/([^/?]+)")

LIBRARY = "extension"


def notice(machine: Machine, given: Value, site: Site, options: dict[str, set[str]]) -> None:
    """Keep the calls behind URLs of an extension among the arguments of a call."""
    for url in texts(given):
        if "/" not in url or not LOCAL.search(url):
            continue
        if match := SECRET.search(url):
            name = {match[1]} if match[1] else options.get("secretId", {UNKNOWN_TEXT})
            machine.call("secretsmanager", "GetSecretValue", site, {"SecretId": name}, library=LIBRARY)
        if match := PARAMETER.search(url):
            name = {match[1]} if match[1] else options.get("name", {UNKNOWN_TEXT})
            machine.call("ssm", "GetParameter", site, {"Name": name}, library=LIBRARY)
        if match := CONFIGURATION.search(url):
            named = dict(
                zip(
                    ("ApplicationIdentifier", "EnvironmentIdentifier", "ConfigurationProfileIdentifier"),
                    ({part} for part in match.groups()),
                    strict=True,
                )
            )
            machine.call("appconfigdata", "StartConfigurationSession", site, named, library=LIBRARY)
            machine.call("appconfigdata", "GetLatestConfiguration", site, {}, library=LIBRARY)
