"""Needs from configuration: what the settings of a function need of its role. One function a setting, with its source.

Of the rights that a setting is documented to need, all are MUST, also those without which little is lost: how much a
missing one weighs is for the rules to say.
"""

from collections.abc import Iterator

from rolecall.iam.arn import Arn, service_of_arn
from rolecall.iam.statement import is_unresolved
from rolecall.model import Account, Function, Resource
from rolecall.needs import Certainty, Need, Proof
from rolecall.needs.keys import uses

MUST, MAY = Certainty.MUST, Certainty.MAY

INTERFACES = (
    "ec2:AssignPrivateIpAddresses",
    "ec2:CreateNetworkInterface",
    "ec2:DeleteNetworkInterface",
    "ec2:DescribeNetworkInterfaces",
    "ec2:DescribeSubnets",
    "ec2:UnassignPrivateIpAddresses",
)
SENDS = {
    # Lambda Developer Guide, "Adding a dead-letter queue" and "Capturing records of Lambda asynchronous invocations".
    "events": "events:PutEvents",
    "lambda": "lambda:InvokeFunction",
    "sns": "sns:Publish",
    "sqs": "sqs:SendMessage",
}
"""Service of a destination -> the action that sends there."""


def from_config(function: Function, account: Account) -> tuple[Need, ...]:
    """What the settings of a function need, setting by setting."""
    rows = (_logs, _logs_at_the_edge, _traces, _network, _targets, _keys, _file_systems, _durable, _layers)
    return tuple(need for row in rows for need in row(function, account))


def _logs(function: Function, account: Account) -> Iterator[Need]:
    """Lambda Developer Guide, "Sending Lambda function logs to CloudWatch Logs".

    CreateLogGroup is a MUST only where the group was looked for and is not there, none where it is managed.
    """
    name = function.settings.log_group or f"/aws/lambda/{function.name}"
    group = f"arn:{account.partition}:logs:{account.region}:{account.id}:log-group:{name}"
    proof = Proof("config", "log group", f"Lambda writes the function's logs to `{name}`")
    yield from (Need(action, f"{group}:*", MUST, proof) for action in ("logs:CreateLogStream", "logs:PutLogEvents"))
    known = account.resource(group)
    if known is None or not _is_managed(known):
        why = "Lambda makes it where it is missing: without the group or this right all logs are lost"
        certainty = MUST if known is not None and not known.exists else MAY
        yield Need("logs:CreateLogGroup", f"{group}:*", certainty, Proof("config", "log group", why))


def _logs_at_the_edge(function: Function, account: Account) -> Iterator[Need]:
    """CloudFront Developer Guide, "Edge function logs": a group in each region where a replica runs.

    It is named after the function's home as well, unless its name was chosen. MAY, for nobody knows the regions.
    """
    if not any(
        name == "edge" for each in (function, *account.versions_of(function)) for name, _ in each.settings.others
    ):
        return
    usual = f"/aws/lambda/{function.name}"
    own = function.settings.log_group or usual
    name = f"/aws/lambda/{account.region}.{function.name}" if own == usual else own
    proof = Proof("config", "Lambda@Edge", f"replicas write their logs to `{name}` of their regions")
    for verb in ("CreateLogGroup", "CreateLogStream", "PutLogEvents"):
        yield Need(f"logs:{verb}", f"arn:{account.partition}:logs:*:{account.id}:log-group:{name}:*", MAY, proof)


def _is_managed(group: Resource) -> bool:
    """A group that merely exists may have been made by the function itself."""
    return group.exists and bool(group.fact("retention") or group.fact("stack"))


def _traces(function: Function, account: Account) -> Iterator[Need]:
    """Lambda Developer Guide, "Visualize Lambda function invocations using AWS X-Ray", "Execution role permissions".

    Sampling rules are asked for by the libraries only: AWSXRayDaemonWriteAccess.
    """
    if not function.settings.tracing:
        return
    proof = Proof("config", "tracing", "active tracing sends segments to X-Ray")
    yield from (Need(f"xray:{verb}", "*", MUST, proof) for verb in ("PutTelemetryRecords", "PutTraceSegments"))
    for verb in ("GetSamplingRules", "GetSamplingStatisticSummaries", "GetSamplingTargets"):
        yield Need(f"xray:{verb}", "*", MAY, Proof("config", "tracing", "libraries ask for the rules of sampling"))


def _network(function: Function, account: Account) -> Iterator[Need]:
    """Lambda Developer Guide, "Giving Lambda functions access to resources in an Amazon VPC"."""
    if function.settings.subnets:
        proof = Proof("config", "VPC", "Lambda makes network interfaces in the function's subnets")
        yield from (Need(action, "*", MUST, proof) for action in INTERFACES)


def _targets(function: Function, account: Account) -> Iterator[Need]:
    """Dead-letter queues and destinations, those of mappings included: S3 wants PutObject and ListBucket."""
    for target in function.settings.targets:
        what = "dead-letter queue" if target.on == "dead-letter" else f"destination on {target.on}"
        proof = Proof("config", what, f"Lambda sends events to `{target.arn}`")
        service = service_of_arn(target.arn)
        if service == "s3":
            sends = [("s3:PutObject", f"{target.arn}/*"), ("s3:ListBucket", target.arn)]
        else:
            sends = [(SENDS[service], target.arn)] if service in SENDS else []
        for action, resource in sends:
            yield Need(action, resource, MUST, proof)
            for key_action, key, sure in uses(action, resource, account):
                why = f"`{action}` uses the customer key of `{target.arn}`"
                via = (("kms:ViaService", f"{service}.{account.region}.amazonaws.com"),)
                certainty = MUST if sure else MAY
                yield Need(key_action, key, certainty, Proof("config", what, why), not is_unresolved(key), via)


def _keys(function: Function, account: Account) -> Iterator[Need]:
    """Lambda Developer Guide, "Securing Lambda environment variables" and "Encrypting … .zip deployment packages".

    Lambda makes a KMS grant for the role when the environment's key is set; the code's key is a matter of the key
    policy. So neither is a MUST on the role.
    """
    for what, key in (("environment key", function.settings.key), ("code key", function.settings.code_key)):
        if key:
            yield Need("kms:Decrypt", key, MAY, Proof("config", what, "the customer key of this setting"))


def _file_systems(function: Function, account: Account) -> Iterator[Need]:
    """Lambda Developer Guide, "Configuring file system access": EFS asks only where the file system has a policy.

    Whether the code writes is not known: ClientWrite is a MAY.
    """
    for arn in function.settings.file_systems:
        parsed = Arn.parse(arn)
        if parsed is None:
            continue
        known = account.resource(arn)
        proof = Proof("config", "file system", f"the function mounts `{arn}`")
        if parsed.service == "s3files":
            # S3 User Guide, "How S3 Files works with IAM": on the file system; its policy may allow it as well.
            system = arn.partition("/access-point/")[0] if "/access-point/" in arn else _anywhere(parsed)
            yield Need("s3files:ClientMount", system, MUST, proof, not is_unresolved(system))
            yield Need("s3files:ClientWrite", system, MAY, proof, not is_unresolved(system))
            yield Need("s3files:ClientRootAccess", system, MAY, proof, not is_unresolved(system))
            continue
        system = next(iter(known.fact("file-system")), "") if known else ""
        has_policy = known is not None and known.policy is not None
        point = (("elasticfilesystem:AccessPointArn", arn),)
        for verb in ("ClientMount", "ClientRootAccess", "ClientWrite"):
            certainty = MUST if has_policy and verb == "ClientMount" else MAY
            resource = system or _anywhere(parsed)
            yield Need(f"elasticfilesystem:{verb}", resource, certainty, proof, bool(system), point)


def _anywhere(arn: Arn) -> str:
    return str(Arn(arn.partition, arn.service, arn.region, arn.account, "file-system/⟨?⟩"))


def _durable(function: Function, account: Account) -> Iterator[Need]:
    """Lambda Developer Guide, "Security and permissions for Lambda durable functions"."""
    if function.settings.durable:
        proof = Proof("config", "durable execution", "the function saves and reads its own progress")
        for verb in ("CheckpointDurableExecution", "GetDurableExecutionState"):
            yield Need(f"lambda:{verb}", f"{function.arn}:*", MUST, proof)


EXTENSIONS = {
    # CloudWatch User Guide, "Lambda Insights" and "Application Signals", by their managed policies.
    ":layer:LambdaInsightsExtension": ("/aws/lambda-insights", MUST),
    ":layer:AWSOpenTelemetryDistro": ("/aws/application-signals/data", MAY),
}
"""Part of a layer's ARN -> the log group that its extension writes to, and whether it does in any case."""


def _layers(function: Function, account: Account) -> Iterator[Need]:
    for layer in function.settings.layers:
        for part, (group, certainty) in EXTENSIONS.items():
            if part not in layer:
                continue
            proof = Proof("config", "layer", f"the extension in `{layer}` writes to `{group}`")
            resource = f"arn:{account.partition}:logs:{account.region}:{account.id}:log-group:{group}:*"
            yield Need("logs:CreateLogGroup", resource, MAY, proof)
            yield Need("logs:CreateLogStream", resource, certainty, proof)
            yield Need("logs:PutLogEvents", resource, certainty, proof)
            if "OpenTelemetry" in part:
                yield Need("xray:PutTraceSegments", "*", MAY, proof)
