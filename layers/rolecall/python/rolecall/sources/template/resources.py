"""What functions of a template point to: queues, topics, tables … with their keys and policies; versions not there."""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from rolecall.iam.policy import Kind, Policy
from rolecall.iam.statement import is_unresolved
from rolecall.model import Account, Function, Gap, Resource
from rolecall.needs.grant import letting_in
from rolecall.needs.of import of
from rolecall.sources.decoded import decoded
from rolecall.sources.redrive import redriven
from rolecall.sources.template.stack import PARTS, Stack

Properties = Mapping[str, Any]


def with_resources(account: Account, stacks: Sequence[Stack], *, code: bool = True) -> Account:
    """The account with all that functions may point to, their keys, and which aliases and versions are there.

    What is not known of one is a gap of the functions that use it, and of nobody where none does: but for a policy that
    is none, which is told in any case. Which ones the code
    uses is asked only with `code`.
    """
    resources = [*account.resources, *_made(stacks), *_invoked(stacks, account.functions)]
    whole = replace(account, resources=tuple(sorted(resources, key=lambda each: each.arn)))
    if not any(each.gaps for each in resources):
        return whole
    users = _users(whole, code=code)
    return replace(whole, resources=tuple(_for(users.get(each.arn), each) for each in whole.resources))


def _for(user: str | None, resource: Resource) -> Resource:
    broken = tuple(gap for gap in resource.gaps if gap.place and gap.what == PARTS[Kind.RESOURCE])
    gaps = resource.gaps if user else broken
    return replace(resource, gaps=tuple(replace(gap, subject=user) for gap in gaps))


def _users(account: Account, *, code: bool) -> dict[str, str]:
    """ARN -> the id of the first function that uses it."""
    users: dict[str, str] = {}
    for function in account.functions:
        named = [arn for each in function.triggers for arn in (each.source, each.dead_letter) if arn]
        named += [each.resource for each in of(function, account).needs] if code else []
        for arn in named:
            owner = arn.partition("/")[0] if ":s3:::" in arn else arn
            known = account.resource(arn) or account.resource(owner)
            for used in (arn, owner, known.key if known else None):
                if used:
                    users.setdefault(used, function.id)
    return users


@dataclass(frozen=True, slots=True)
class Kept:
    """Where resources of a type say their key, and who may use them.

    Parameters
    ----------
    key : what names the key: an id, an ARN or an alias; None where AWS encrypts
    policy : its own property with a policy
    policies : types of resources that are policies of it; property of those that names it; property with the document
    """

    key: Callable[[Properties], Any]
    policy: str = ""
    policies: tuple[str, ...] = ()
    named: tuple[str, ...] = ()
    document: str = "PolicyDocument"


def _of(*names: str) -> Callable[[Properties], Any]:
    """The value of a path of properties, through lists to their first item."""

    def value(properties: Properties) -> Any:
        found: Any = properties
        for name in names:
            found = found.get(name) if isinstance(found, dict) else None
            found = found[0] if isinstance(found, list) and found else found
        return found

    return value


def _of_replica(properties: Properties) -> Any:
    """A global table: one key for each region; those of this stack's are named by its first replica."""
    return _of("Replicas", "SSESpecification", "KMSMasterKeyId")(properties)


_BUCKET = ("BucketEncryption", "ServerSideEncryptionConfiguration", "ServerSideEncryptionByDefault", "KMSMasterKeyID")
KEPT: Mapping[str, Kept] = {
    # CloudFormation Template Reference, the properties of each type.
    "AWS::DynamoDB::GlobalTable": Kept(_of_replica),
    "AWS::DynamoDB::Table": Kept(_of("SSESpecification", "KMSMasterKeyId"), "ResourcePolicy"),
    "AWS::Kinesis::Stream": Kept(
        _of("StreamEncryption", "KeyId"),
        policies=("AWS::Kinesis::ResourcePolicy",),
        named=("ResourceArn",),
        document="ResourcePolicy",
    ),
    "AWS::S3::Bucket": Kept(_of(*_BUCKET), policies=("AWS::S3::BucketPolicy",), named=("Bucket",)),
    # A SecureString cannot be made by CloudFormation.
    "AWS::SSM::Parameter": Kept(lambda _: None),
    "AWS::SNS::Topic": Kept(
        _of("KmsMasterKeyId"),
        policies=("AWS::SNS::TopicPolicy", "AWS::SNS::TopicInlinePolicy"),
        named=("Topics", "TopicArn"),
    ),
    "AWS::SQS::Queue": Kept(
        _of("KmsMasterKeyId"),
        policies=("AWS::SQS::QueuePolicy", "AWS::SQS::QueueInlinePolicy"),
        named=("Queues", "Queue"),
    ),
    "AWS::SecretsManager::Secret": Kept(
        _of("KmsKeyId"),
        policies=("AWS::SecretsManager::ResourcePolicy",),
        named=("SecretId",),
        document="ResourcePolicy",
    ),
    "AWS::StepFunctions::StateMachine": Kept(_of("EncryptionConfiguration", "KmsKeyId")),
}
"""Type -> where its key and its policy stand."""


def _made(stacks: Sequence[Stack]) -> Iterator[Resource]:
    for stack in stacks:
        for kind, kept in KEPT.items():
            for logical_id, properties in stack.of(kind):
                yield _resource(stack, logical_id, properties, kept)
        yield from _keys(stack)
        yield from _groups(stack)
        yield from _file_systems(stack)
        yield from _aliases(stack)


def _resource(stack: Stack, logical_id: str, properties: Properties, kept: Kept) -> Resource:
    # The name of a parameter may begin with the slash that its ARN has anyway.
    arn = stack.resolver.arn_of(logical_id).replace(":parameter//", ":parameter/")
    gaps: list[Gap] = []
    policy = _policy(stack, logical_id, properties, kept, gaps)
    named = kept.key(properties)
    of_aws = ":alias/aws/" in f":{named}"
    facts = list(_facts(properties)) + ([("manager of key", "AWS")] if of_aws else [])
    key = None if not named or of_aws else _key(stack, str(named))
    if key and (unknown := list(stack.gaps("key", None, str(named), at=stack.place(logical_id)))):
        gaps += unknown
        key = None  # It may turn out to be one of AWS's own.
    return Resource(arn, key=key, policy=policy, facts=tuple(facts), gaps=tuple(gaps))


def _facts(properties: Properties) -> Iterator[tuple[str, str]]:
    if str(properties.get("FifoQueue", properties.get("FifoTopic"))).lower() == "true":
        yield "fifo", "true"
    redrive, allowing = (properties.get(name) for name in ("RedrivePolicy", "RedriveAllowPolicy"))
    yield from redriven(*(each if isinstance(each, dict) else decoded(each) for each in (redrive, allowing)))


def _policy(stack: Stack, logical_id: str, properties: Properties, kept: Kept, gaps: list[Gap]) -> Policy | None:
    """The policy that the template puts on a resource; where several do, the last of them."""
    names = {str(stack.resolver.resource(logical_id, "ref")), stack.resolver.arn_of(logical_id)}
    found = None
    if isinstance(own := properties.get(kept.policy), dict):
        found = _parsed(stack, logical_id, own.get("PolicyDocument"), "resource", gaps)
    for name, each in stack.of(*kept.policies):
        of = next((each[member] for member in kept.named if member in each), None)
        if names & {str(one) for one in (of if isinstance(of, list) else [of])}:
            found = _parsed(stack, name, each.get(kept.document), "resource", gaps)
    return found


def _parsed(stack: Stack, logical_id: str, document: Any, name: str, gaps: list[Gap]) -> Policy | None:
    return stack.policy(logical_id, document, name=name, kind=Kind.RESOURCE, subject="", gaps=gaps)


def _key(stack: Stack, named: str) -> str:
    """The ARN of a key, by its id, ARN or alias."""
    values = stack.resolver.values
    if "alias/" in named:
        for _, properties in stack.of("AWS::KMS::Alias"):
            if str(properties.get("AliasName")) == named[named.index("alias/") :]:
                return _key(stack, str(properties.get("TargetKeyId")))
        named = f"⟨{named[named.index('alias/') :]}⟩"
    if named.startswith("arn:"):
        return named
    return f"arn:{values['AWS::Partition']}:kms:{values['AWS::Region']}:{values['AWS::AccountId']}:key/{named}"


def _keys(stack: Stack) -> Iterator[Resource]:
    """Keys: one without a policy gets that which leaves it to the account (CloudFormation, AWS::KMS::Key)."""
    values = stack.resolver.values
    for logical_id, properties in stack.of("AWS::KMS::Key"):
        gaps: list[Gap] = []
        document: Any = properties.get("KeyPolicy")
        policy = (
            _parsed(stack, logical_id, document, "key", gaps)
            if document
            else letting_in(values["AWS::Partition"], values["AWS::AccountId"])
        )
        state = (("state", "Disabled"),) if str(properties.get("Enabled")).lower() == "false" else ()
        yield Resource(stack.resolver.arn_of(logical_id), policy=policy, facts=state, gaps=tuple(gaps))


def _groups(stack: Stack) -> Iterator[Resource]:
    """Log groups: those of a stack are managed by it."""
    for logical_id, _ in stack.of("AWS::Logs::LogGroup"):
        stacked = (("stack", str(stack.resolver.values["AWS::StackName"])),)
        yield Resource(stack.resolver.arn_of(logical_id).removesuffix(":*"), facts=stacked)


def _file_systems(stack: Stack) -> Iterator[Resource]:
    """File systems with their policies, and the access points to them."""
    found: dict[str, Resource] = {}
    for logical_id, properties in stack.of("AWS::EFS::FileSystem"):
        gaps: list[Gap] = []
        document, arn = properties.get("FileSystemPolicy"), stack.resolver.arn_of(logical_id)
        policy = _parsed(stack, logical_id, document, "resource", gaps) if document else None
        found[str(stack.resolver.resource(logical_id, "ref"))] = Resource(arn, policy=policy, gaps=tuple(gaps))
    yield from found.values()
    for logical_id, properties in stack.of("AWS::EFS::AccessPoint"):
        if system := found.get(str(properties.get("FileSystemId"))):
            facts = (("file-system", system.arn),)
            yield replace(system, arn=stack.resolver.arn_of(logical_id), facts=facts)


def _aliases(stack: Stack) -> Iterator[Resource]:
    for logical_id, properties in stack.of("AWS::KMS::Alias"):
        key = _key(stack, str(properties.get("TargetKeyId")))
        yield Resource(stack.resolver.arn_of(logical_id), key=None if is_unresolved(key) else key)


def _invoked(stacks: Sequence[Stack], functions: Iterable[Function]) -> Iterator[Resource]:
    """The aliases that triggers name and that no template makes, and the versions that one does.

    Of a version that none makes it is not known whether it is there: it may have been published by hand.
    """
    aliases = {
        f"{stack.resolver.function_arn(properties.get('FunctionName'))}:{properties.get('Name')}"
        for stack in stacks
        for _, properties in stack.of("AWS::Lambda::Alias")
    }
    versions = {stack.resolver.arn_of(name) for stack in stacks for name, _ in stack.of("AWS::Lambda::Version")}
    for function in functions:
        if not function.qualifier or not function.triggers or "⟨" in function.qualifier:
            continue
        arn, is_version = function.qualified_arn, function.qualifier.isdecimal()
        if is_version and arn in versions:
            yield Resource(arn)
        if not is_version and arn not in aliases:
            yield Resource(arn, exists=False)
