"""Answers: what an operation gives back that its own parameters tell already.

Source: API Reference of each service, "Response". `needs/resources.py` takes a name where an ARN or a URL is asked for.
"""

from dataclasses import dataclass

from rolecall.needs.code.values import NOTHING, UNKNOWN, Arguments, Text, Value, one


@dataclass(frozen=True, slots=True)
class Answer:
    """`member` of the answer stands for the thing that `parameter` names, unless the call gives one of `unless`."""

    member: str
    parameter: str
    unless: tuple[str, ...] = ()


ANSWERS = {
    ("secretsmanager", "CreateSecret"): Answer("ARN", "Name"),
    ("sns", "CreateTopic"): Answer("TopicArn", "Name"),
    ("sqs", "CreateQueue"): Answer("QueueUrl", "QueueName"),
    # The queue of another account is not known by its name.
    ("sqs", "GetQueueUrl"): Answer("QueueUrl", "QueueName", unless=("QueueOwnerAWSAccountId",)),
}

IDENTITY = {"Account": one(Text("⟨aws:account⟩")), "Arn": UNKNOWN, "UserId": UNKNOWN}
"""What sts:GetCallerIdentity answers to a function."""

METADATA = {"ResponseMetadata": UNKNOWN}


def answered(service: str, operation: str, given: Arguments) -> dict[str, Value]:
    """The members of an answer; nothing where it is not known."""
    if (service, operation) == ("sts", "GetCallerIdentity"):
        return IDENTITY | METADATA
    row = ANSWERS.get((service, operation))
    named = named_by(service, operation, given)
    return {row.member: named} | METADATA if row and named else {}


def named_by(service: str, operation: str, given: Arguments) -> Value:
    """What the call names that its answer stands for."""
    row = ANSWERS.get((service, operation))
    if row is None or any(name in given.named for name in row.unless):
        return NOTHING
    return given.named.get(row.parameter, NOTHING)
