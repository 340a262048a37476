"""What triggers of a template point to: queues with their policies and keys, and versions that are not there."""

from collections.abc import Iterable, Iterator, Sequence
from typing import Any

from rolecall.iam.policy import Kind, Policy
from rolecall.model import Function, Gap, Resource
from rolecall.sources.template.stack import Stack


def resources(stacks: Sequence[Stack], functions: Iterable[Function]) -> tuple[Resource, ...]:
    """The queues that triggers come from or leave events in, their keys, and the aliases that nothing makes."""
    functions = tuple(functions)
    users: dict[str, str] = {}
    for function in functions:
        for trigger in function.triggers:
            for arn in (trigger.dead_letter, trigger.source if trigger.type == "sqs" else None):
                if arn:
                    users.setdefault(arn, function.id)
    queues = [made for stack in stacks for made in _queues(stack, users)]
    keys = {each.key for each in queues if each.key}
    made = [*queues, *(key for stack in stacks for key in _keys(stack, keys)), *_absent(stacks, functions)]
    return tuple(sorted(made, key=lambda each: each.arn))


def _queues(stack: Stack, users: dict[str, str]) -> Iterator[Resource]:
    for logical_id, properties in stack.of("AWS::SQS::Queue"):
        arn = stack.resolver.arn_of(logical_id)
        if arn not in users:
            continue
        gaps: list[Gap] = []
        policy = _policy(stack, logical_id, users[arn], gaps)
        named = properties.get("KmsMasterKeyId")
        of_aws = str(named).endswith("alias/aws/sqs")
        facts = [("fifo", "true")] if str(properties.get("FifoQueue")).lower() == "true" else []
        facts += [("manager of key", "AWS")] if of_aws else []
        redrive = properties.get("RedrivePolicy")
        if isinstance(redrive, dict) and redrive.get("deadLetterTargetArn"):
            facts.append(("dead-letter", str(redrive["deadLetterTargetArn"])))
        key = None if named is None or of_aws else _key(stack, str(named))
        yield Resource(arn, key=key, policy=policy, facts=tuple(facts), gaps=tuple(gaps))


def _policy(stack: Stack, logical_id: str, subject: str, gaps: list[Gap]) -> Policy | None:
    """The policy that the template puts on a queue; where several do, the last of them (AWS::SQS::QueuePolicy)."""
    url, found = str(stack.resolver.resource(logical_id, "ref")), None
    for name, properties in stack.of("AWS::SQS::QueuePolicy", "AWS::SQS::QueueInlinePolicy"):
        queues = properties.get("Queues", properties.get("Queue"))
        if url in [str(each) for each in (queues if isinstance(queues, list) else [queues])]:
            document = properties.get("PolicyDocument")
            found = stack.policy(name, document, name="resource", kind=Kind.RESOURCE, subject=subject, gaps=gaps)
    return found


def _key(stack: Stack, named: str) -> str:
    """The ARN of a key, by its id, ARN or alias."""
    values = stack.resolver.values
    if "alias/" in named:
        for _, properties in stack.of("AWS::KMS::Alias"):
            if str(properties.get("AliasName")) == named[named.index("alias/") :]:
                return _key(stack, str(properties.get("TargetKeyId")))
        named = f"⟨{named}⟩"
    if named.startswith("arn:"):
        return named
    return f"arn:{values['AWS::Partition']}:kms:{values['AWS::Region']}:{values['AWS::AccountId']}:key/{named}"


def _keys(stack: Stack, wanted: Iterable[str | None]) -> Iterator[Resource]:
    for logical_id, properties in stack.of("AWS::KMS::Key"):
        arn = stack.resolver.arn_of(logical_id)
        if arn in wanted:
            gaps: list[Gap] = []
            document: Any = properties.get("KeyPolicy")
            policy = (
                stack.policy(logical_id, document, name="key", kind=Kind.RESOURCE, subject=arn, gaps=gaps)
                if document
                else None
            )
            yield Resource(arn, policy=policy, gaps=tuple(gaps))


def _absent(stacks: Sequence[Stack], functions: Iterable[Function]) -> Iterator[Resource]:
    """The aliases that triggers name and that no template makes. A version may be there, though none is declared."""
    made = {
        f"{stack.resolver.function_arn(properties.get('FunctionName'))}:{properties.get('Name')}"
        for stack in stacks
        for _, properties in stack.of("AWS::Lambda::Alias")
    }
    for function in functions:
        named = function.qualifier and not function.qualifier.isdecimal() and "⟨" not in function.qualifier
        if named and function.triggers and function.qualified_arn not in made:
            yield Resource(function.qualified_arn, exists=False)
