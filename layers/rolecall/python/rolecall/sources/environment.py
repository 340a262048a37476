"""Environment values that may be kept: only those that name a resource of the account, as that resource."""

from collections import defaultdict
from collections.abc import Iterator, Mapping

from rolecall.iam.statement import UNRESOLVED
from rolecall.model import Account, Function


def resources(account: Account) -> Mapping[str, str]:
    """What a value may say (an ARN, the name in it, the path of a queue's URL) -> the ARN that it then names.

    The ARNs are those that the account tells of: its functions and roles, what triggers, settings and policies name.
    A name that several resources share stands for all of them, with spaces between: which one is meant, the call tells.
    """
    named: dict[str, set[str]] = defaultdict(set)
    for arn in sorted(set(_arns(account))):
        for text in _texts(arn):
            named[text].add(arn)
    return {text: " ".join(sorted(arns)) for text, arns in named.items()}


def kept(function: Function, known: Mapping[str, str]) -> tuple[tuple[str, str], ...]:
    """The variables of a function with the ARNs that their values name; any other value becomes `⟨NAME⟩`."""
    return tuple(
        (name, value if value.startswith(UNRESOLVED) else known.get(_path(value), f"{UNRESOLVED}{name}⟩"))
        for name, value in function.settings.environment
    )


def _arns(account: Account) -> Iterator[str]:
    for function in account.functions:
        yield function.arn
        yield from (trigger.source for trigger in function.triggers)
        yield from (target.arn for target in function.settings.targets)
    yield from (resource.arn for resource in account.resources)
    for role in account.roles:
        yield role.arn
        statements = [statement for policy in role.policies for statement in policy.statements]
        yield from (_plain(resource) for statement in statements for resource in statement.resources)


def _plain(pattern: str) -> str:
    """The resource that a pattern means with all that is in it: a bucket of its objects, a log group of its streams."""
    return pattern.removesuffix("/*").removesuffix(":*")


def _texts(arn: str) -> Iterator[str]:
    parts = arn.split(":", 5)
    if len(parts) != 6 or parts[0] != "arn" or any(sign in arn for sign in "*?") or UNRESOLVED in arn:
        return
    service, account, name = parts[2], parts[4], parts[5]
    yield arn
    # `table/orders/stream/2026-…` is named by `orders`, `secret:…` and `function:…` by what follows the kind.
    kind, _, rest = name.partition("/" if "/" in name else ":")
    yield rest.split("/")[0] if service == "dynamodb" else (rest or kind)
    if service == "sqs":
        yield f"{account}/{name}"


def _path(value: str) -> str:
    """What names the queue in a URL: SQS has several hosts in each region, and a sandbox its own."""
    scheme, _, place = value.partition("://")
    return place.partition("/")[2] if scheme in ("http", "https") else value
