"""Trials: does a statement let one of these requests in, and how a finding shows the request that it lets in."""

from collections.abc import Iterable
from dataclasses import replace
from functools import lru_cache
from typing import Any

from rolecall.callers.keys import Open
from rolecall.iam.evaluate import Policies
from rolecall.iam.policy import Kind, Policy, Statement, parse
from rolecall.iam.request import Request
from rolecall.iam.search import UndecidedError
from rolecall.iam.settle import instance

ANYTHING = parse(
    {"Version": "2012-10-17", "Statement": {"Effect": "Allow", "Action": "*", "Resource": "*"}},
    name="the caller's own",
    kind=Kind.IDENTITY,
)
"""What the identity policies of another account may say."""


def let_in(requests: Iterable[Request], statement: Statement, policy: Policy | None) -> Request | None:
    """The first of the requests that the statement lets in, with its open keys filled in; None: none is.

    Raises
    ------
    UndecidedError : none was found, and what is not known of the requests may let one in
    """
    alone = _alone(statement, policy.denies if policy else ())
    undecided: UndecidedError | None = None
    for request in requests:
        policies = Policies(identity=(ANYTHING,), resource=alone)
        try:
            if found := instance(request, policies):
                return found
            assert isinstance(request.unknown, Open)
            wider = replace(request, unknown=replace(request.unknown, every=True))
            if instance(wider, policies) is None:
                continue
            undecided = UndecidedError("a key that is not known decides")
        except UndecidedError as error:
            undecided = error
    if undecided:
        raise undecided
    return None


@lru_cache(maxsize=4096)
def _alone(statement: Statement, denies: tuple[Statement, ...]) -> Policy:
    return Policy("resource", Kind.RESOURCE, statement.version, (statement, *denies))


def witness(request: Request) -> dict[str, Any]:
    """The request as a case of `simulate` without the function's policy; of the caller's own ones nothing is known."""
    own = {"identityPolicies": [ANYTHING.document()]} if request.caller.has_policies else {}
    return case(request) | own


def case(asked: Request) -> dict[str, Any]:
    """The request as a case of `simulate`."""
    who = {"type": asked.caller.type, "id": asked.caller.id}
    if asked.caller.account:
        who["account"] = asked.caller.account
    return {
        "principal": who,
        "action": asked.action,
        "resource": asked.resource,
        "resourceAccount": asked.owner,
        "context": {key: list(each) if isinstance(each, tuple) else each for key, each in asked.context.items()},
    }
