"""Deliveries: the call with which a trigger invokes its function, simulated, and what becomes of it."""

import json
from collections import defaultdict
from collections.abc import Collection, Iterator
from dataclasses import dataclass, replace

from rolecall.callers.keys import OF_PRINCIPALS, OF_URLS, Open
from rolecall.iam.evaluate import Decision, Outcome, Policies
from rolecall.iam.policy import Policy, Statement
from rolecall.iam.request import Caller, Request
from rolecall.iam.settle import settle
from rolecall.iam.statement import is_unresolved
from rolecall.iam.wildcard import is_wild, matches
from rolecall.model import MISSING_ROLE, Account, Function, Trigger
from rolecall.needs.parts import overlap, widened
from rolecall.triggers import TRIGGERS, Poll, Push, passes_on

INVOKE = "lambda:InvokeFunction"

NEVER = OF_PRINCIPALS | OF_URLS | {"aws:sourcevpc", "aws:sourcevpce", "lambda:eventsourcetoken"}
"""Keys that a service which invokes by itself does not send.

IAM User Guide, "AWS global condition context keys": those of the principal are for identities of an account. The token
is Alexa's.
"""

_BEST = (Outcome.ALLOWED, Outcome.UNKNOWN, Outcome.EXPLICITLY_DENIED, Outcome.IMPLICITLY_DENIED)

UNDECIDED = Decision(Outcome.UNKNOWN, allowed=None)


@dataclass(frozen=True, slots=True)
class Delivery:
    """One call with which a trigger invokes a function, and the answer.

    Parameters
    ----------
    request, policies : as they were decided on; None where the role that the trigger comes with is not known
    decision : of the evaluator
    unsure : why the answer is none, where it is not decided
    mendable : whether somebody can do something about that
    """

    trigger: Trigger
    request: Request | None = None
    policies: Policies | None = None
    decision: Decision = UNDECIDED
    unsure: str | None = None
    mendable: bool = True

    @property
    def arrives(self) -> bool | None:
        """Is it let in? None: not decided."""
        return None if self.unsure else self.decision.outcome is Outcome.ALLOWED

    @property
    def denies(self) -> tuple[Statement, ...]:
        """The statements that deny it."""
        return self.decision.statements if self.decision.outcome is Outcome.EXPLICITLY_DENIED else ()

    @property
    def witness(self) -> dict[str, object] | None:
        """The request, as a case of `rolecall simulate` without its policies."""
        if self.request is None:
            return None
        caller = self.request.caller
        return {
            "principal": {"type": caller.type, "id": caller.id},
            "action": self.request.action,
            "resource": self.request.resource,
            "context": dict(self.request.context),
        }


def deliver(trigger: Trigger, function: Function, account: Account) -> Delivery | None:
    """What becomes of the calls of a trigger; None where Lambda polls, and nobody calls.

    None as well where it passes the credentials of whoever calls it on: each caller's own rights decide.
    """
    row = TRIGGERS.get(trigger.type)
    if row is None or isinstance(row, Poll) or passes_on(trigger.role):
        return None
    if trigger.role or not isinstance(row, Push):
        return _by_role(trigger, function, account)
    unread = any(gap.what == "resource policy" for gap in function.gaps)
    found = as_service(trigger, row, function.qualified_arn, function.resource_policy, account)
    if found.arrives is False and unread:
        return replace(found, unsure="the function's policy was not read whole")
    return found


def as_service(trigger: Trigger, row: Push, target: str, policy: Policy | None, account: Account) -> Delivery:
    """A service calls in its own name, as far as one policy goes.

    Where the ARN that it sends is not known to its end (the stage of an API), one call that is let in will do.
    """
    best: Delivery | None = None
    for source in _sent(trigger, row, policy):
        for principal in (row.principal, _regional(row.principal, account.region)):
            found = _as(principal, source, trigger, row, target, policy, account)
            if best is None or _rank(found) < _rank(best):
                best = found
    assert best is not None
    if best.arrives or best.unsure or not policy:
        return best
    if _is_open(trigger, row, policy):
        return replace(best, unsure="not all names are known")
    return best


def fits(statement: Statement, source: str | None, trigger: Trigger) -> bool:
    """Can the trigger be what a statement lets in by this aws:SourceArn (None: by any)?"""
    row = TRIGGERS.get(trigger.type)
    if not isinstance(row, Push) or not any(is_of(service, row) for service in statement.services):
        return False
    return source is None or source == trigger.source or overlap(source, arns(trigger))


def is_of(service: str, row: Push) -> bool:
    """Is it the principal of the row, with a region or without?"""
    parts = service.split(".")
    plain = ".".join([parts[0], *parts[2:]]) if len(parts) == 4 and "-" in parts[1] else service
    return row.principal in (service, plain)


def arns(trigger: Trigger) -> str:
    """The aws:SourceArn that a trigger sends, as a pattern where it sends several."""
    row = TRIGGERS.get(trigger.type)
    if not isinstance(row, Push) or not row.ends:
        return trigger.source
    known = _route(trigger)
    return f"{trigger.source}/{known}" if known else trigger.source + row.ends


def named_for(triggers: Collection[Trigger]) -> tuple[str, ...]:
    """The aws:SourceArns that let triggers in and nothing else, sorted; an API with several routes as a whole."""
    by_source: dict[str, set[str]] = defaultdict(set)
    for trigger in triggers:
        by_source[trigger.source].add(arns(trigger))
    rows = {trigger.source: TRIGGERS.get(trigger.type) for trigger in triggers}
    whole = {source: source + row.ends for source, row in rows.items() if isinstance(row, Push)}
    return tuple(sorted(min(found) if len(found) == 1 else whole[source] for source, found in by_source.items()))


def _route(trigger: Trigger) -> str | None:
    """The method and path of an API, or its authorizers, as they stand in the ARN behind the API's id.

    API Gateway Developer Guide, "Amazon Resource Names": a path parameter stands for whatever is there; a route
    without a method (`$default`, those of a WebSocket API) comes by its key.
    """
    try:
        told = json.loads(trigger.filter or "{}")
    except ValueError:
        return None
    if not isinstance(told, dict):
        return None
    if "authorizer" in told:
        return "authorizers/*"
    if "route" in told:
        return f"*/{told['route']}"
    if "method" not in told:
        return None
    method = "*" if told["method"] in ("ANY", "*") else told["method"]
    path = "/".join("*" if each.startswith("{") else each for each in str(told.get("path", "*")).split("/"))
    return f"*/{method}/{path.lstrip('/')}"


def _sent(trigger: Trigger, row: Push, policy: Policy | None) -> Iterator[str]:
    """The values of aws:SourceArn to try: of all that it sends, one for each way in which statements name sources."""
    pattern = arns(trigger)
    if not row.ends or not is_wild(pattern):
        yield pattern
        return
    yield _filled(pattern)
    for statement in policy.statements if policy else ():
        for value in sources(statement):
            if matches(pattern, made := _between(pattern, value)):
                yield made


def sources(statement: Statement) -> tuple[str, ...]:
    """The values of aws:SourceArn that a statement lets in."""
    conditions = (each for each in statement.conditions if each.key.lower() == "aws:sourcearn" and not each.is_negated)
    found = (each.values for each in conditions)
    return tuple(dict.fromkeys(value for values in found for value in values))


def _between(pattern: str, value: str) -> str:
    """What both stand for, segment by segment: the first says what it knows, the second all that is open in it.

    >>> _between("arn:api/*/GET/orders", "arn:api/prod/*")
    'arn:api/prod/GET/orders'
    """
    wanted, given = pattern.split("/"), value.split("/")
    parts = [_filled(given[place] if each == "*" and place < len(given) else each) for place, each in enumerate(wanted)]
    rest = given[len(wanted) :] if wanted[-1] == "*" else []
    return "/".join([*parts, *map(_filled, rest)])


def _filled(pattern: str) -> str:
    return pattern.replace("*", "x").replace("?", "x")


def _regional(principal: str, region: str) -> str:
    """The same service in its regional form: `logs.us-east-1.amazonaws.com`."""
    service, _, rest = principal.partition(".")
    return f"{service}.{region}.{rest}"


def _as(
    principal: str,
    source: str,
    trigger: Trigger,
    row: Push,
    target: str,
    policy: Policy | None,
    account: Account,
) -> Delivery:
    context = {
        "aws:PrincipalIsAWSService": "true",
        "aws:PrincipalServiceName": principal,
        "aws:SecureTransport": "true",
        "aws:SourceArn": source,
    }
    owner = _owner(trigger, account)
    if owner and row.sends_account:
        context["aws:SourceAccount"] = owner
    absent = NEVER if row.sends_account else NEVER | {"aws:sourceaccount"}
    caller = Caller("Service", principal)
    request = Request.of(caller, INVOKE, target, context, resource_account=account.id, unknown=Open(absent, every=True))
    policies = Policies(resource=policy)
    decision = settle(request, policies)
    unsure = None
    if decision.outcome is Outcome.UNKNOWN and decision.allowed is not False:
        unsure = f"the condition on {', '.join(f'`{key}`' for key in decision.keys)} decides"
    return Delivery(trigger, request, policies, decision, unsure, mendable=False)


def _owner(trigger: Trigger, account: Account) -> str | None:
    """The account that a source is in; of a bucket, whose ARN does not say, our own unless it is known to be another's.

    None where that is not known.
    """
    parts = [*trigger.source.split(":", 5), "", "", "", "", ""]
    if parts[2] == "s3":
        bucket = account.resource(trigger.source)
        return None if bucket and "another" in bucket.fact("owner") else account.id
    return parts[4] if parts[4].isdecimal() else None


def _rank(found: Delivery) -> tuple[int, ...]:
    return (_BEST.index(found.decision.outcome),)


def _is_open(trigger: Trigger, row: Push, policy: Policy) -> bool:
    """Could what is not known make a statement let it in?"""
    pattern = arns(trigger)
    for statement in policy.allows:
        if not any(is_of(service, row) for service in statement.services):
            continue
        named = sources(statement)
        values = [value for condition in statement.conditions for value in condition.values]
        unknown = is_unresolved(pattern) or any(map(is_unresolved, values))
        if unknown and (not named or any(overlap(widened(each), widened(pattern)) for each in named)):
            return True
    return False


def _by_role(trigger: Trigger, function: Function, account: Account) -> Delivery:
    """The caller invokes with a role of its own: what does that allow?"""
    arn = trigger.role or ""
    if any(gap.what == MISSING_ROLE and gap.subject == arn for gap in account.gaps):
        return Delivery(trigger, decision=Decision(Outcome.IMPLICITLY_DENIED))
    role = account.role(arn)
    if role is None or role.unread("role policies") or role.unread("boundary"):
        return Delivery(trigger, unsure=_unread(arn, account), mendable=False)
    session = f"arn:{account.partition}:sts::{account.id}:assumed-role/{role.name}/{trigger.type}"
    context = {
        "aws:PrincipalAccount": account.id,
        "aws:PrincipalArn": role.arn,
        "aws:PrincipalType": "AssumedRole",
        "aws:SecureTransport": "true",
    }
    unknown = Open(OF_URLS | {"lambda:eventsourcetoken"}, every=True)
    request = Request.of(Caller("AWS", session), INVOKE, function.qualified_arn, context, unknown=unknown)
    policies = Policies(
        identity=role.policies,
        resource=function.resource_policy,
        boundaries=(role.boundary,) if role.boundary else None,
        scps=account.scps or None,
    )
    decision = settle(request, policies)
    found = Delivery(trigger, request, policies, decision)
    if decision.outcome is Outcome.UNKNOWN and decision.allowed is not False:
        return replace(found, unsure=f"the condition on {', '.join(f'`{key}`' for key in decision.keys)} decides")
    texts = [each for policy in role.policies for statement in policy.allows for each in statement.resources]
    near = any(is_unresolved(each) and overlap(widened(each), function.qualified_arn) for each in texts)
    if decision.outcome is Outcome.IMPLICITLY_DENIED and near:
        return replace(found, unsure="not all names are known")
    return found


def _unread(role: str, account: Account) -> str:
    if is_unresolved(role) or not role:
        return "which role it comes with is not known"
    if f":{account.id}:" not in role:
        return "the role that it comes with is in another account"
    return "the role that it comes with was not read"
