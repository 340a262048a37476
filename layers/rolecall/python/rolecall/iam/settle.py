"""Settling unknown keys: an answer that is the same whatever they hold is known, though no condition alone is."""

from collections.abc import Container, Iterator, Sequence
from dataclasses import dataclass, replace
from functools import lru_cache

from rolecall.iam.condition import compiled
from rolecall.iam.domains import Domain, Option, domain
from rolecall.iam.evaluate import Decision, Outcome, Policies, evaluate
from rolecall.iam.language import TooManyError
from rolecall.iam.matching import narrowed, plan
from rolecall.iam.policy import Condition, Policy
from rolecall.iam.request import Request
from rolecall.iam.search import UndecidedError

MOST = 8_000
"""Statements and conditions that are looked at while values are tried, each as often as it is; real policies need some
hundred."""


@dataclass(frozen=True, slots=True)
class _AllBut:
    """The unknown keys without those that are given a value here."""

    unknown: Container[str]
    known: frozenset[str]

    def __contains__(self, key: object) -> bool:
        return key not in self.known and key in self.unknown


def settle(request: Request, policies: Policies) -> Decision:
    """Decide a request; where keys are unknown, by all values of theirs that conditions tell apart.

    `evaluate` looks at one condition at a time, and says `UNKNOWN` where `k = x` allows and `k != x` allows too.

    >>> from rolecall.iam.policy import parse
    >>> from rolecall.iam.request import EVERY_KEY, Caller
    >>> def allow(operator):
    ...     test = {operator: {"aws:SourceVpc": "v"}}
    ...     return {"Effect": "Allow", "Action": "*", "Resource": "*", "Condition": test}
    >>> both = parse({"Statement": [allow("StringEquals"), allow("StringNotEquals")]}, name="both")
    >>> user = Caller("AWS", "arn:aws:iam::111122223333:user/ann")
    >>> request = Request(user, "s3:GetObject", "arn:aws:s3:::inbox/a", unknown=EVERY_KEY)
    >>> evaluate(request, Policies(identity=(both,))).outcome, settle(request, Policies(identity=(both,))).outcome
    (<Outcome.UNKNOWN: 'Unknown'>, <Outcome.ALLOWED: 'Allowed'>)
    """
    decision = evaluate(request, policies)
    if decision.outcome is not Outcome.UNKNOWN or request.unknown is None:
        return decision
    domains = _domains(request, policies, decision.keys)
    if domains is None:
        return decision
    ends = (_with(request, domains, [each.options[place] for each in domains]) for place in (0, -1))
    if {evaluate(each, policies).outcome for each in ends} > {Outcome.ALLOWED}:
        return replace(decision, allowed=None)  # The usual answer, soon found.
    settled, outcomes = decision, set[Outcome]()
    try:
        for _, settled in _tried(request, policies, domains, doubtful=True):
            outcomes.add(settled.outcome)
            if Outcome.UNKNOWN in outcomes or (Outcome.ALLOWED in outcomes and len(outcomes) > 1):
                return replace(decision, allowed=None)
    except UndecidedError:
        return decision
    return settled if len(outcomes) == 1 else replace(decision, allowed=False)


def instance(request: Request, policies: Policies) -> Request | None:
    """An allowed request, of those that this one stands for with its unknown keys; None: it is proven that none is.

    Raises
    ------
    UndecidedError : neither an allowed one nor a proof was found

    >>> from rolecall.iam.policy import parse
    >>> from rolecall.iam.request import EVERY_KEY, Caller
    >>> test = {"StringLike": {"aws:UserAgent": "curl/?"}}
    >>> some = parse({"Statement": {"Effect": "Allow", "Action": "*", "Resource": "*", "Condition": test}}, name="some")
    >>> user = Caller("AWS", "arn:aws:iam::111122223333:user/ann")
    >>> request = Request(user, "s3:GetObject", "arn:aws:s3:::inbox/a", unknown=EVERY_KEY)
    >>> sorted(instance(request, Policies(identity=(some,))).context)
    ['aws:useragent']
    """
    decision = evaluate(request, policies)
    if decision.allowed is False:
        return None
    domains = _domains(request, policies, decision.keys) if request.unknown is not None else None
    for asked, found in _tried(request, policies, domains or ()):
        filled = replace(asked, unknown=None)
        if found.allowed is not False and evaluate(filled, policies).outcome is Outcome.ALLOWED:
            return filled
    if settle(request, policies).allowed is False:
        return None
    raise UndecidedError(f"what {', '.join(decision.keys) or 'the request'} holds decides")


def _tried(
    request: Request, policies: Policies, domains: Sequence[Domain], *, doubtful: bool = False
) -> Iterator[tuple[Request, Decision]]:
    """Requests with a value for one key after the other, until it is decided what holds whatever is left.

    Raises
    ------
    UndecidedError : after `MOST` statements
    """
    policies = _narrowed(policies, request)
    each_time = sum(1 + len(each.conditions) for policy in _every(policies) for each in policy.statements)
    looked_at = 0
    todo = [(request, 0)]
    while todo:
        asked, place = todo.pop()
        looked_at += each_time
        if looked_at > MOST:
            raise UndecidedError(f"what {', '.join(each.key for each in domains)} hold decides")
        decision = evaluate(asked, policies)
        if decision.outcome is not Outcome.UNKNOWN or place == len(domains):
            yield asked, decision
            continue
        options = domains[place].options + (domains[place].doubtful if doubtful else ())
        todo += [(_with(asked, domains[place : place + 1], [option]), place + 1) for option in reversed(options)]


def _with(request: Request, domains: Sequence[Domain], options: Sequence[Option]) -> Request:
    """The request with these values of the keys, which are known from now on."""
    values = {each.key: option.value for each, option in zip(domains, options, strict=True)}
    context = {**request.context, **{key: value for key, value in values.items() if value is not None}}
    return replace(request, context=context, unknown=_AllBut(request.unknown or (), frozenset(values)))


def _domains(request: Request, policies: Policies, wanted: tuple[str, ...]) -> list[Domain] | None:
    """The domain of each key, or None where not all values can be tried."""
    by_key: dict[str, list[Condition]] = {key: [] for key in wanted}
    for policy in _every(policies):
        for entry in plan(policy).entries:
            for condition, used in zip(entry.statement.conditions, entry.keys, strict=True):
                if len(used) > 1 and set(used) & by_key.keys():
                    return None  # What a variable stands for decides.
                if used[0] in by_key:
                    by_key[used[0]].append(condition)
    found = [_domain(key, tuple(conditions), request.context.get(key)) for key, conditions in by_key.items()]
    domains = [each for each in found if each]
    if len(domains) < len(found):
        return None
    return domains if all(each.whole for each in domains) else None


@lru_cache(maxsize=1024)
def _domain(key: str, conditions: tuple[Condition, ...], value: str | tuple[str, ...] | None) -> Domain | None:
    """The domain of a key that conditions without variables name; None where it has too many parts."""
    numbered = [(n, each, compiled(each, variables=False)) for n, each in enumerate(dict.fromkeys(conditions))]
    try:
        return domain(key, numbered, {} if value is None else {key: value})
    except TooManyError:
        return None


def _narrowed(policies: Policies, request: Request) -> Policies:
    def layer(each: tuple[Policy, ...] | None) -> tuple[Policy, ...] | None:
        return each and tuple(narrowed(policy, request) for policy in each)

    def levels(each: tuple[tuple[Policy, ...], ...] | None) -> tuple[tuple[Policy, ...], ...] | None:
        return each and tuple(layer(level) or () for level in each)

    return Policies(
        identity=layer(policies.identity) or (),
        resource=policies.resource and narrowed(policies.resource, request),
        boundaries=layer(policies.boundaries),
        sessions=layer(policies.sessions),
        scps=levels(policies.scps),
        rcps=levels(policies.rcps),
        endpoint=layer(policies.endpoint),
    )


def _every(policies: Policies) -> Iterator[Policy]:
    yield from policies.identity
    yield from (policies.resource,) if policies.resource else ()
    for group in (policies.boundaries, policies.sessions, policies.endpoint):
        yield from group or ()
    for levels in (policies.scps, policies.rcps):
        yield from (policy for level in levels or () for policy in level)
