"""Names: the words in which a change and a function speak of the same thing.

`role/NAME`, the ARN of a managed policy, else an ARN as `thing` writes it.
"""

import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace

from rolecall.changes.change import Change
from rolecall.iam.arn import Arn
from rolecall.iam.wildcard import is_wild
from rolecall.model import Account, Function, Role, Trigger

# Secrets Manager ends the ARN of a secret in six characters of its own.
SUFFIX = re.compile(r"-[A-Za-z0-9]{6}$")


def _first(count: int, separator: str) -> Callable[[str], str]:
    return lambda resource: separator.join(resource.split(separator)[:count])


def _broker(resource: str) -> str:
    kind, _, name = resource.partition(":")
    return f"{kind}:{name.rpartition(':')[2]}"


PLAIN: Mapping[str, Callable[[str], str]] = {
    "dynamodb": _first(2, "/"),  # table/NAME/stream/LABEL
    "events": lambda resource: re.sub(r"^rule/default/", "rule/", resource),
    "execute-api": _first(1, "/"),  # ID/STAGE/METHOD/PATH
    "kinesis": _first(2, "/"),  # stream/NAME/consumer/NAME:TIME
    "kms": lambda resource: resource.removeprefix("key/") if resource.startswith("key/alias/") else resource,
    "lambda": _first(2, ":"),  # function:NAME:QUALIFIER, layer:NAME:VERSION
    "logs": _first(2, ":"),  # log-group:NAME:*
    "mq": _broker,  # broker:NAME:ID, and events know the id only
    "secretsmanager": lambda resource: SUFFIX.sub("", resource),
    "sns": _first(1, ":"),  # TOPIC:SUBSCRIPTION
}
"""Service in an ARN -> its resource without what is only a part, a version or a view of it."""


def thing(arn: str) -> str:
    """An ARN in the words that changes and functions share; text that is none stays as it is.

    >>> thing("arn:aws:dynamodb:us-east-1:111122223333:table/orders/stream/2026-01-31T00:00:00.000")
    'arn:aws:dynamodb:us-east-1:111122223333:table/orders'
    >>> thing("arn:aws:execute-api:us-east-1:111122223333:a1b2c3/*/GET/orders")
    'arn:aws:execute-api:us-east-1:111122223333:a1b2c3'
    """
    parsed = Arn.parse(arn)
    if parsed is None:
        return arn
    if parsed.service == "s3" and not parsed.region:  # An access point has a region, and stays.
        return str(replace(parsed, resource=parsed.resource.partition("/")[0]))
    plain = PLAIN.get(parsed.service)
    return str(replace(parsed, resource=plain(parsed.resource))) if plain else arn


def role_name(role: str) -> str:
    """A role in the shared words, by its name or ARN: events name roles without their path.

    >>> role_name("arn:aws:iam::111122223333:role/service/orders")
    'role/orders'
    """
    return f"role/{role.rpartition('/')[2]}"


def forms(arn: str) -> tuple[str, ...]:
    """The words for what an event names: two for a secret, which events name with or without its suffix."""
    secret = ":secretsmanager:" in arn and thing(arn) != arn
    return (thing(arn), arn) if secret else (thing(arn),)


def named(change: Change) -> frozenset[str]:
    """All that a change names, functions apart."""
    layers = f"arn:{change.partition}:lambda:{change.region}:{change.account}:layer:"
    return frozenset(
        (
            *map(role_name, change.roles),
            *change.policies,
            *(f"{layers}{layer}" for layer in change.layers),
            *change.things,
        )
    )


def names_of(function: Function, account: Account) -> frozenset[str]:
    """All that a function refers to, in words that `named` uses: one of them in a change concerns the function."""
    role = account.role_of(function)
    referred = [arn for arn in _referred(function) if not is_wild(thing(arn)) or _is_all_logs(arn)]
    behind = [arn for each in referred for arn in _behind(each, account)]
    arns = [thing(arn) for arn in (*referred, *behind)]
    buses = [bus for arn in arns for bus in _bus(arn)]
    return frozenset((role_name(function.role), *_managed(role), *arns, *buses))


def _managed(role: Role | None) -> Iterator[str]:
    """The managed policies of a role: they are called by their ARNs."""
    yield from (policy.name for policy in (role.policies if role else ()) if policy.name.startswith("arn:"))


def _referred(function: Function) -> Iterator[str]:
    """The ARNs in a function's settings, triggers and resource policy, as they are written there."""
    settings = function.settings
    yield from (*settings.layers, *settings.file_systems, *(target.arn for target in settings.targets))
    others = (settings.key, settings.code_key, *(value for _, value in settings.others))
    yield from (each for each in others if each and each.startswith("arn:"))
    for trigger in function.triggers:
        yield from _of_trigger(trigger)
    for statement in function.resource_policy.statements if function.resource_policy else ():
        for condition in statement.conditions:
            if condition.key.lower() == "aws:sourcearn" and not condition.is_negated:
                yield from (value for value in condition.values if value.startswith("arn:"))


def _of_trigger(trigger: Trigger) -> Iterator[str]:
    yield trigger.source
    if trigger.dead_letter:
        yield trigger.dead_letter
    yield from (value for _, value in trigger.uses if value.startswith("arn:"))
    if trigger.type == "config" and trigger.id:  # Its ARN holds an id, and events know only its name.
        yield f"{trigger.source.rpartition('/')[0]}/{trigger.id}"


def _is_all_logs(arn: str) -> bool:
    """The source of a subscription of all log groups: no pattern, but what such a trigger is called."""
    return thing(arn).endswith(":log-group:*")


def _behind(arn: str, account: Account) -> Iterator[str]:
    """What a resource that a function refers to hangs on itself: its key, the file system of an access point."""
    resource = account.resource(arn) or account.resource(thing(arn))
    if resource is not None:
        yield from ([resource.key] if resource.key else [])
        yield from (value for _, value in resource.facts if value.startswith("arn:"))


def _bus(arn: str) -> Iterator[str]:
    """The bus that a rule is on."""
    head, rule, path = arn.partition(":rule/")
    if rule and ":events:" in head:
        yield f"{head}:event-bus/{path.rpartition('/')[0] or 'default'}"
