"""Cognito: the functions of user pools (API Reference, LambdaConfigType)."""

from collections.abc import Iterator

from rolecall.iam.wildcard import is_wild
from rolecall.model import Trigger
from rolecall.sources.aws.calls import Calls
from rolecall.sources.aws.wires.wire import Wire, Wires, limit, look_up, several, walk_over
from rolecall.triggers import functions_in


def named(calls: Calls, source: str) -> Wires:
    """The wires of a user pool: `userpool/ID`."""
    kind, _, pool = source.split(":", 5)[5].partition("/")
    if kind != "userpool":
        return limit(f"`{source}` is no user pool: what it invokes is not read")
    if is_wild(pool):
        return several(source)
    return look_up(source, lambda: _wires(calls, source, pool))


def walk(calls: Calls) -> Wires:
    """Those of all user pools of the region."""
    pools = calls.pages("cognito-idp", "list_user_pools", "UserPools", MaxResults=60)
    return walk_over((each["Id"] for each in pools), lambda pool: _listed(calls, pool))


def _listed(calls: Calls, pool: str) -> Wires:
    arn = f"arn:{calls.partition}:cognito-idp:{calls.region}:{calls.account}:userpool/{pool}"
    return look_up(arn, lambda: _wires(calls, arn, pool), listed=True)


def _wires(calls: Calls, arn: str, pool: str) -> Iterator[Wire]:
    config = calls.ask("cognito-idp", "describe_user_pool", UserPoolId=pool)["UserPool"].get("LambdaConfig", {})
    for event, value in config.items():
        for function in functions_in(value):
            # `PreTokenGenerationConfig` repeats `PreTokenGeneration`, with the version of its event.
            yield Wire(function, Trigger("cognito", arn, event.removesuffix("Config")))
