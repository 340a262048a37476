"""Services that a statement may name: what each sends when it invokes, or that it never does so in its own name."""

from collections.abc import Mapping

from rolecall.triggers import Push, pushing

PARTNERS = frozenset({"alexa-appkit.amazon.com", "alexa-connectedhome.amazon.com"})
"""They send neither source nor account, but a token: Lambda Developer Guide, `lambda:EventSourceToken`."""

EDGE = frozenset({"edgelambda.amazonaws.com", "replicator.lambda.amazonaws.com"})
"""Lambda@Edge, which sends no source: CloudFront Developer Guide, "Set up IAM permissions for Lambda@Edge"."""

OTHERS: Mapping[str, Push] = {
    principal: Push(principal, service)
    for principal, service in (
        ("appconfig.amazonaws.com", "appconfig"),
        ("cloudfront.amazonaws.com", "cloudfront"),
        ("codecommit.amazonaws.com", "codecommit"),
        ("connect.amazonaws.com", "connect"),
        ("lex.amazonaws.com", "lex"),
        ("transfer.amazonaws.com", "transfer"),
    )
}
"""Principals that invoke in their own name, by triggers that are not modelled: the guide of each service."""

BY_OTHER_MEANS: Mapping[str, str] = {
    "batchoperations.s3.amazonaws.com": "S3 Batch Operations invokes with the role of its job",
    "cloudformation.amazonaws.com": "CloudFormation invokes with the credentials of the stack",
    "codedeploy.amazonaws.com": "CodeDeploy invokes with its service role",
    "codepipeline.amazonaws.com": "CodePipeline invokes with the role of the pipeline",
    "dynamodb.amazonaws.com": "Lambda polls the stream, with the function's own role",
    "firehose.amazonaws.com": "Firehose invokes with the role of the stream",
    "kafka.amazonaws.com": "Lambda polls the cluster, with the function's own role",
    "kinesis.amazonaws.com": "Lambda polls the stream, with the function's own role",
    "mq.amazonaws.com": "Lambda polls the broker, with the function's own role",
    "pipes.amazonaws.com": "EventBridge Pipes invokes with the role of the pipe",
    "rds.amazonaws.com": "Lambda polls the cluster, with the function's own role",
    "scheduler.amazonaws.com": "EventBridge Scheduler invokes with the role of the schedule",
    "sqs.amazonaws.com": "Lambda polls the queue, with the function's own role",
    "states.amazonaws.com": "Step Functions invokes with the role of the state machine",
}
"""Principals that never need a statement, and why: Lambda Developer Guide, and the guide of each service."""


def sender(principal: str) -> Push | None:
    """What a service sends when it invokes, in its regional form too; None where that is not known.

    >>> sender("cloudfront.amazonaws.com").service, sender("sns.eu-west-1.amazonaws.com").service
    ('cloudfront', 'sns')
    """
    return pushing(principal) or OTHERS.get(plain(principal))


def other_means(principal: str) -> str | None:
    """Why a service needs no statement, or None.

    >>> other_means("states.eu-west-1.amazonaws.com")
    'Step Functions invokes with the role of the state machine'
    """
    return BY_OTHER_MEANS.get(plain(principal))


def plain(principal: str) -> str:
    """A service principal without its region, and without the ending of AWS in China."""
    parts = principal.removesuffix(".cn").split(".")
    return ".".join([parts[0], *parts[2:]]) if len(parts) == 4 and "-" in parts[1] else ".".join(parts)
