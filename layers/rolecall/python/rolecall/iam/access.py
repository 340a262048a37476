"""What policies allow, as a set: united, cut, taken away from each other; is it empty, does it cover another?

Over all requests: any action, any ARN, any context. Actions and resources are cut into classes that no pattern of the
two policies tells apart (`language`), each condition key into values that no condition tells apart (`domains`); one
request of each combination is enough to know all. Where that cannot be done the answer is `UndecidedError`.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass, replace
from itertools import islice, product

from rolecall.iam import language
from rolecall.iam.evaluate import Outcome, Policies, evaluate
from rolecall.iam.policy import Kind, Policy
from rolecall.iam.request import Caller, Request
from rolecall.iam.search import Search, UndecidedError, Witness, both, negated
from rolecall.iam.variables import Context, Template

__all__ = ["Access", "UndecidedError", "Witness", "allows", "beyond", "covers"]

ACCOUNT = "111122223333"
USER = Caller("AWS", f"arn:aws:iam::{ACCOUNT}:user/u")
BINDINGS = 48
"""Values of variables that are tried in search of a witness."""


@dataclass(frozen=True, slots=True)
class Access:
    """A set of requests of one user on resources of its own account: what policies allow, or made of such sets.

    >>> from rolecall.iam.policy import parse
    >>> read = parse({"Statement": {"Effect": "Allow", "Action": "s3:Get*", "Resource": "*"}}, name="read")
    >>> every = parse({"Statement": {"Effect": "Allow", "Action": "s3:*", "Resource": "*"}}, name="every")
    >>> covers(Access.of(every), Access.of(read)), (Access.of(every) - Access.of(read)).witness().action
    (True, 's3:x')
    """

    operator: str
    policy: Policy | None = None
    parts: "tuple[Access, ...]" = ()

    @classmethod
    def of(cls, *policies: Policy) -> "Access":
        """What identity policies allow together: an Allow of one, unless one denies."""
        first = policies[0] if policies else Policy("none", Kind.IDENTITY, "2012-10-17", ())
        return cls("policy", replace(first, statements=tuple(s for policy in policies for s in policy.statements)))

    def __or__(self, other: "Access") -> "Access":
        return Access("or", parts=(self, other))

    def __and__(self, other: "Access") -> "Access":
        return Access("and", parts=(self, other))

    def __sub__(self, other: "Access") -> "Access":
        return Access("minus", parts=(self, other))

    def leaves(self) -> tuple[Policy, ...]:
        """The policies that it is made of, in order."""
        return (self.policy,) if self.policy else tuple(leaf for part in self.parts for leaf in part.leaves())

    def holds(self, states: Iterator[bool | None]) -> bool | None:
        """Is a request in it, when these are the states of its leaves in order? None: not known."""
        if self.policy:
            return next(states)
        one, two = (part.holds(states) for part in self.parts)
        if self.operator == "or":
            return negated(both(negated(one), negated(two)))
        return both(one, two if self.operator == "and" else negated(two))

    def allows(self, witness: Witness) -> bool:
        """Is a request in it, by the evaluator?"""
        return bool(self.holds(allows(policy, witness) for policy in self.leaves()))

    def witness(self) -> Witness | None:
        """A request in it, which the evaluator has confirmed, or None: it is proven to be empty.

        Raises
        ------
        UndecidedError : neither a witness nor a proof was found
        """
        return _witness(self)


def covers(outer: Access, inner: Access) -> bool:
    """Is every request of `inner` in `outer`? Both answers are proven.

    Raises
    ------
    UndecidedError : neither a witness nor a proof was found
    """
    return (inner - outer).witness() is None


def beyond(policy: Policy, other: Policy) -> Witness | None:
    """A request that `policy` allows and `other` does not, or None: it is proven that there is none.

    Raises
    ------
    UndecidedError : neither a witness nor a proof was found
    """
    return (Access.of(policy) - Access.of(other)).witness()


def _witness(access: Access) -> Witness | None:
    keys = set().union(*map(_variables, access.leaves()))
    try:
        if not keys:
            return _searched(access)
        if Search(access.leaves(), access.holds, {}, opaque=True).run(doubtful=True) is None:
            return None
        for binding in islice(_bindings(access, sorted(keys)), BINDINGS):
            if (found := Search(access.leaves(), access.holds, binding).run(doubtful=False)) and access.allows(found):
                return found
    except language.TooManyError as error:
        raise UndecidedError(str(error)) from error
    raise UndecidedError("what the variables stand for decides")


def allows(policy: Policy, witness: Witness) -> bool:
    """Does the evaluator let the user make this request?"""
    request = Request.of(USER, witness.action, witness.resource, witness.context, resource_account=ACCOUNT)
    return evaluate(request, Policies(identity=(policy,))).outcome is Outcome.ALLOWED


def _plain(witness: Witness, access: Access) -> Witness:
    """The same witness with a usual partition and service, where these do not matter."""
    for usual in ("arn:aws:s3", "arn:aws"):
        rest = witness.resource.split(":")[usual.count(":") + 1 :]
        better = replace(witness, resource=":".join([usual, *rest]))
        if access.allows(better):
            return better
    return witness


def _searched(access: Access) -> Witness | None:
    search = Search(access.leaves(), access.holds, {})
    if found := search.run(doubtful=False):
        if access.allows(found):
            return _plain(found, access)
        raise UndecidedError("the evaluator does not confirm the witness")
    if search.whole and search.run(doubtful=True) is None:
        return None
    raise UndecidedError("conditions on one key that cannot be told apart for certain")


def _variables(policy: Policy) -> set[str]:
    """The keys that the variables of a policy name, in lower case."""
    found: set[str] = set()
    for statement in policy.statements:
        if statement.version == "2012-10-17":
            values = [value for condition in statement.conditions for value in condition.values]
            for text in (*statement.resources, *statement.not_resources, *values):
                template = Template.parse(text)
                found |= set(template.keys) if template else set()
    return found


def _bindings(access: Access, keys: list[str]) -> Iterator[Context]:
    """Values for variables: a fresh one, those that stand in the policies, none."""
    texts: list[str] = []
    for statement in (statement for policy in access.leaves() for statement in policy.statements):
        for text in (
            *statement.resources,
            *statement.not_resources,
            *(v for c in statement.conditions for v in c.values),
        ):
            texts += [part for part in re.split(r"[/:*?]|\$\{[^}]*\}", text) if part]
    candidates: list[str | None] = ["x1", None, *dict.fromkeys(texts[::-1])]
    for values in product(candidates[:10], repeat=len(keys)):
        yield {key: value for key, value in zip(keys, values, strict=True) if value is not None}
