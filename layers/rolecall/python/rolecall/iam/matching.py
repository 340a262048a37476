"""Statements: which of a policy apply to a request, decided by functions that are made once per policy."""

from collections.abc import Callable, Mapping
from functools import lru_cache

from rolecall.iam.arn import resource_matcher
from rolecall.iam.condition import Test, compiled, keys
from rolecall.iam.request import Caller, Request
from rolecall.iam.statement import Effect, Policy, Principal, Statement
from rolecall.iam.variables import MARK, STAR, Template, literal
from rolecall.iam.wildcard import Matcher, is_wild, matcher

NO, MAYBE, YES = 0, 1, 2
"""Whether something holds: `min` is and, `max` is or."""

DELEGATED, ROLE, DIRECT = 1, 2, 3
"""What a Principal element says of a caller: its account is named, its role, or itself (or everyone)."""

LONGEST_MEMORY = 1_024
"""Actions that one policy remembers its statements for."""

MANY = 16
"""Patterns of a statement from which on it remembers of each resource whether one fits: it is asked again and again."""

OnResource = Callable[[Request], bool | None]
OnCaller = Callable[[Caller, bool], int]


class Entry:
    """A statement, ready to be asked about requests."""

    __slots__ = ("conditions", "keys", "on_action", "on_caller", "on_resource", "statement")

    def __init__(self, statement: Statement) -> None:
        variables = statement.version != "2008-10-17"
        self.statement = statement
        self.on_action = _on_action(statement)
        self.on_caller = _on_caller(statement)
        self.on_resource = _on_resource(statement, variables=variables)
        self.conditions: tuple[Test, ...] = tuple(
            compiled(condition, variables=variables) for condition in statement.conditions
        )
        self.keys = tuple(keys(condition, variables=variables) for condition in statement.conditions)

    def applies(self, request: Request) -> int:
        """Whether it speaks of this resource and its conditions hold; action and caller are the others' business."""
        state = YES
        if self.on_resource is not None:
            holds = self.on_resource(request)
            if holds is False:
                return NO
            if holds is None:
                state = MAYBE
        context, unknown = request.context, request.unknown
        for condition in self.conditions:
            holds = condition(context, unknown)
            if holds is False:
                return NO
            if holds is None:
                state = MAYBE
        return state


Entries = tuple[tuple[Entry, ...], tuple[Entry, ...]]


class Plan:
    """A policy, ready to be asked: per action, its Deny entries and its Allow entries."""

    __slots__ = ("by_action", "entries")

    def __init__(self, entries: tuple[Entry, ...]) -> None:
        self.entries = entries
        self.by_action: dict[str, Entries] = {}

    def about(self, verb: str) -> Entries:
        """The entries that speak of an action, given in lower case."""
        found = self.by_action.get(verb)
        if found is None:
            if len(self.by_action) >= LONGEST_MEMORY:
                self.by_action.clear()
            speaking = [entry for entry in self.entries if entry.on_action(verb)]
            found = self.by_action[verb] = (
                tuple(entry for entry in speaking if entry.statement.effect is Effect.DENY),
                tuple(entry for entry in speaking if entry.statement.effect is Effect.ALLOW),
            )
        return found


def plan(policy: Policy) -> Plan:
    """The plan of a policy, made at the first use."""
    if not policy.compiled:
        policy.compiled.append(Plan(tuple(map(Entry, policy.statements))))
    made = policy.compiled[0]
    assert isinstance(made, Plan)
    return made


def narrowed(policy: Policy, request: Request) -> Policy:
    """The policy without the statements that do not concern a request, whatever its unknown keys hold."""
    entries = tuple(each for each in plan(policy).entries if each.on_action(request.verb) and each.applies(request))
    made = Policy(policy.name, policy.kind, policy.version, tuple(each.statement for each in entries))
    made.compiled.append(Plan(entries))
    return made


def name(principal: Principal) -> tuple[str, int]:
    """A Principal entry in the form of `Caller.names`, and what it says of a caller who is so named."""
    if principal.is_everyone:
        return "*", DIRECT
    if principal.account:
        return f"account:{principal.account}", DELEGATED
    parts = principal.value.split(":", 5)
    if principal.type == "AWS" and len(parts) == 6 and parts[2] == "iam" and parts[5].startswith("role/"):
        return f"role:{parts[4]}/{parts[5].rsplit('/', 1)[-1]}", ROLE
    return f"{principal.type.lower()}:{principal.value}", DIRECT


def _on_action(statement: Statement) -> Matcher:
    patterns = [pattern.lower() for pattern in statement.actions or statement.not_actions]
    exact = frozenset(pattern for pattern in patterns if not is_wild(pattern))
    globs = [matcher(pattern) for pattern in patterns if is_wild(pattern)]
    if statement.actions:
        return lambda verb: verb in exact or any(glob(verb) for glob in globs)
    return lambda verb: not (verb in exact or any(glob(verb) for glob in globs))


def _on_caller(statement: Statement) -> OnCaller | None:
    """How a caller, with or without a boundary, is meant; None in a policy without principals.

    "The NotPrincipal element with a Deny effect will always deny any IAM principal that has a permissions boundary
    policy attached" (IAM User Guide, "IAM JSON policy elements: NotPrincipal"). Nor does it spare the users and roles
    of an account that it names: to spare one of them, its examples name both, and everybody else is denied.
    """
    if not statement.kind.names_principals:
        return None
    named: Mapping[str, int] = dict(map(name, statement.not_principals or statement.principals))
    if not statement.not_principals:
        return lambda caller, bounded: max([named[each] for each in caller.names if each in named], default=NO)
    denies = statement.effect is Effect.DENY

    def others(caller: Caller, bounded: bool) -> int:
        spares = any(each in named for each in caller.names if not denies or caller.is_root or not _is_account(each))
        return NO if spares and not (denies and bounded) else DIRECT

    return others


def _is_account(name: str) -> bool:
    return name.startswith("account:")


def _on_resource(statement: Statement, *, variables: bool) -> OnResource | None:
    """Whether the resource is meant; None when every resource is (no Resource at all: the one the policy is on)."""
    patterns = statement.resources or statement.not_resources
    inside = not statement.not_resources
    if not patterns or (inside and "*" in patterns):
        return None
    templates = [each for pattern in patterns if (each := Template.parse(pattern))] if variables else []
    fixed = _one_of([pattern for pattern in patterns if not variables or not Template.parse(pattern)])
    if not templates:
        return lambda request: fixed(request.resource) is inside

    def on_resource(request: Request) -> bool | None:
        resource, context, unknown = request.resource, request.context, request.unknown
        if fixed(resource):
            return inside
        undecided = False
        for template in templates:
            if unknown is not None and not template.is_known(unknown, context):
                undecided = True
                continue
            pattern = template.pattern(context)
            if pattern is not None and _expanded(pattern, resource):
                return inside
        return None if undecided else not inside

    return on_resource


def _one_of(patterns: list[str]) -> Matcher:
    matchers = [_matcher(pattern) for pattern in patterns if is_wild(pattern) or pattern.startswith("execute-api:/")]
    exact = frozenset(pattern for pattern in patterns if not is_wild(pattern))
    if not matchers:
        return exact.__contains__
    if not exact and len(matchers) == 1:
        return matchers[0]

    def fits(resource: str) -> bool:
        return resource in exact or any(match(resource) for match in matchers)

    return fits if len(matchers) < MANY else lru_cache(maxsize=LONGEST_MEMORY)(fits)


def _matcher(pattern: str) -> Matcher:
    """A Resource; API Gateway takes `execute-api:/stage/GET/path` for the API that the policy is on."""
    if not pattern.startswith("execute-api:/"):
        return resource_matcher(pattern)
    path = matcher(pattern.removeprefix("execute-api:/"))
    return lambda resource: ":execute-api:" in resource and path(resource.rpartition(":")[2].partition("/")[2])


def _expanded(pattern: str, resource: str) -> bool:
    if STAR in pattern or MARK in pattern:
        return resource_matcher(pattern)(literal(resource))
    return resource_matcher(pattern)(resource)
