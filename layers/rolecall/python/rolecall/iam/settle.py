"""Settling unknown keys: an answer that is the same whatever they hold is known, though no condition alone is."""

from collections.abc import Container, Iterator
from dataclasses import dataclass, replace
from functools import lru_cache
from itertools import product
from math import prod

from rolecall.iam.condition import compiled, keys
from rolecall.iam.domains import Domain, domain
from rolecall.iam.evaluate import Decision, Outcome, Policies, evaluate
from rolecall.iam.language import TooManyError
from rolecall.iam.policy import Condition, Policy
from rolecall.iam.request import Request
from rolecall.iam.search import UndecidedError

MOST = 4_000
"""Combinations of values that are tried."""


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
    known = frozenset(each.key for each in domains)
    outcomes: set[Outcome] = set()
    settled = decision
    for options in product(*((*each.options, *each.doubtful) for each in domains)):
        values = {each.key: option.value for each, option in zip(domains, options, strict=True)}
        context = {**request.context, **{key: value for key, value in values.items() if value is not None}}
        unknown = _AllBut(request.unknown, known)
        settled = evaluate(replace(request, context=context, unknown=unknown), policies)
        outcomes.add(settled.outcome)
    if len(outcomes) == 1 and Outcome.UNKNOWN not in outcomes:
        return settled
    possible = bool(outcomes & {Outcome.ALLOWED, Outcome.UNKNOWN})
    return replace(decision, allowed=None if possible else False)


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
    for filled in _filled(request, policies, decision):
        if evaluate(filled, policies).outcome is Outcome.ALLOWED:
            return filled
    if settle(request, policies).allowed is False:
        return None
    raise UndecidedError(f"what {', '.join(decision.keys) or 'the request'} holds decides")


def _filled(request: Request, policies: Policies, decision: Decision) -> Iterator[Request]:
    """Requests of which all is known, one for each way in which conditions tell the unknown keys apart."""
    domains = _domains(request, policies, decision.keys) if request.unknown is not None else []
    for options in product(*(each.options for each in domains or ())):
        values = {each.key: option.value for each, option in zip(domains or (), options, strict=True)}
        context = {**request.context, **{key: value for key, value in values.items() if value is not None}}
        yield replace(request, context=context, unknown=None)


def _domains(request: Request, policies: Policies, wanted: tuple[str, ...]) -> list[Domain] | None:
    """The domain of each key, or None where not all values can be tried."""
    by_key: dict[str, list[Condition]] = {key: [] for key in wanted}
    for policy in _every(policies):
        for statement in policy.statements:
            for condition in statement.conditions:
                used = keys(condition, variables=statement.version == "2012-10-17")
                if len(used) > 1 and set(used) & by_key.keys():
                    return None  # What a variable stands for decides.
                if used[0] in by_key:
                    by_key[used[0]].append(condition)
    found = [_domain(key, tuple(conditions), request.context.get(key)) for key, conditions in by_key.items()]
    domains = [each for each in found if each]
    if len(domains) < len(found):
        return None
    combinations = prod(len(each.options) + len(each.doubtful) for each in domains)
    return domains if all(each.whole for each in domains) and combinations <= MOST else None


@lru_cache(maxsize=1024)
def _domain(key: str, conditions: tuple[Condition, ...], value: str | tuple[str, ...] | None) -> Domain | None:
    """The domain of a key that conditions without variables name; None where it has too many parts."""
    numbered = [(n, each, compiled(each, variables=False)) for n, each in enumerate(dict.fromkeys(conditions))]
    try:
        return domain(key, numbered, {} if value is None else {key: value})
    except TooManyError:
        return None


def _every(policies: Policies) -> Iterator[Policy]:
    yield from policies.identity
    yield from (policies.resource,) if policies.resource else ()
    for group in (policies.boundaries, policies.sessions, policies.endpoint):
        yield from group or ()
    for levels in (policies.scps, policies.rcps):
        yield from (policy for level in levels or () for policy in level)
