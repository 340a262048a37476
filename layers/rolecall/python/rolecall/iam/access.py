"""What policies allow, as a set: united, cut, taken away from each other; is it empty, does it cover another?

Over all requests: any action, any ARN, any context. Actions and resources are cut into classes that no pattern of the
two policies tells apart (`language`), each condition key into values that no condition tells apart (`domains`); one
request of each combination is enough to know all. Where that cannot be done the answer is `UndecidedError`.
"""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from itertools import islice, product

from rolecall.iam import language
from rolecall.iam.condition import Test, compiled
from rolecall.iam.domains import Domain, Option, Value, domain
from rolecall.iam.evaluate import Outcome, Policies, evaluate
from rolecall.iam.policy import Condition, Kind, Policy, Statement
from rolecall.iam.request import Caller, Request
from rolecall.iam.variables import Context, Template

ACCOUNT = "111122223333"
USER = Caller("AWS", f"arn:aws:iam::{ACCOUNT}:user/u")
STEPS = 200_000
BINDINGS = 48
"""Values of variables that are tried in search of a witness."""

ACTIONS = language.automaton([("?", False), ("*", False), (":", True), ("?", True), ("*", True)])
ARNS = language.automaton(
    [
        *language.exactly("arn:"),
        *[("?", False), ("*", False), (":", True), ("?", False), ("*", False), (":", True)],
        *[("*", False), (":", True), ("*", False), (":", True), ("?", True), ("*", True)],
    ]
)


class UndecidedError(Exception):
    """Neither a witness nor a proof was found."""


@dataclass(frozen=True, slots=True)
class Witness:
    """A request; the keys of its context are in lower case."""

    action: str
    resource: str
    context: Mapping[str, str | tuple[str, ...]]


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
            return _not(_and(_not(one), _not(two)))
        return _and(one, two if self.operator == "and" else _not(two))

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
        if _Search(access, {}, opaque=True).run(doubtful=True) is None:
            return None
        for binding in islice(_bindings(access, sorted(keys)), BINDINGS):
            if (found := _Search(access, binding).run(doubtful=False)) and access.allows(found):
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
    search = _Search(access, {})
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


@dataclass(frozen=True, slots=True)
class _Clause:
    """A statement where action and resource are given: all of `atoms` must hold, and (unless None) one of `some`."""

    atoms: frozenset[int]
    some: frozenset[int] | None
    negated: bool

    def state(self, true: frozenset[int], false: frozenset[int]) -> bool | None:
        if self.atoms & false:
            return False
        known: bool | None = True if self.atoms <= true else None
        if self.some is None:
            return known
        chosen = True if self.some & true else False if self.some <= false else None
        chosen = chosen if chosen is None else chosen != self.negated
        return False if chosen is False else known and chosen


class _Search:
    """The search for one request of a set, with the variables' values given.

    With `opaque`, what has a variable in it may hold or not, whatever else is true: more requests than there are, so
    that finding none is a proof, and finding one says nothing.
    """

    def __init__(self, access: Access, binding: Context, *, opaque: bool = False) -> None:
        self._access, self._binding, self._opaque = access, binding, opaque
        leaves = access.leaves()
        self._statements = [statement for policy in leaves for statement in policy.statements]
        self._leaf_of = [place for place, policy in enumerate(leaves) for _ in policy.statements]
        self._leaves = len(leaves)
        self._atoms: dict[object, int] = {}
        self._dimensions: list[Domain] = []
        self._steps = 0
        self._read_conditions()
        self.whole = all(each.whole for each in self._dimensions)

    def run(self, *, doubtful: bool) -> Witness | None:
        """The first request found, or None when there is none."""
        for action, resource, clauses in self._combinations():
            if self._holds(clauses, frozenset(), frozenset()) is False:
                continue
            used = frozenset().union(*(c.atoms | (c.some or frozenset()) for group in clauses for c in group))
            dimensions = [each for each in self._dimensions if used & self._of(each)]
            context = self._solve(clauses, dimensions, doubtful)
            if context is not None:
                return Witness(action, resource, {**self._binding, **context})
        return None

    def _read_conditions(self) -> None:
        by_key: dict[str, dict[tuple[Condition, bool], tuple[int, Condition, Test]]] = {}
        for statement in self._statements:
            variables = statement.version == "2012-10-17"
            for condition in statement.conditions:
                number = self._atom((condition, variables))
                if self._opaque and variables and _templates(condition.values):
                    self._free(number)
                    continue
                known = replace(condition, values=self._put_in(condition, variables))
                test = compiled(condition, variables=variables)
                by_key.setdefault(condition.key.lower(), {})[(condition, variables)] = (number, known, test)
        for key, conditions in by_key.items():
            self._dimensions.append(domain(key, list(conditions.values()), self._binding))

    def _put_in(self, condition: Condition, variables: bool) -> tuple[str, ...]:
        texts = [self._text(value, variables) for value in condition.values]
        return tuple(text for text in texts if text is not None)

    def _text(self, text: str, variables: bool) -> str | None:
        template = Template.parse(text) if variables else None
        return text if template is None else template.pattern(self._binding)

    def _atom(self, what: object) -> int:
        return self._atoms.setdefault(what, len(self._atoms))

    def _free(self, number: int) -> None:
        """A dimension of its own, whose atom may hold or not."""
        if not any(number in self._of(each) for each in self._dimensions):
            options = (Option(None, frozenset()), Option(None, frozenset({number})))
            self._dimensions.append(Domain(f"#{number}", options, (), True))

    def _of(self, dimension: Domain) -> frozenset[int]:
        """The atoms that a dimension decides; an atom that no option fulfils belongs to it as well."""
        if dimension.key.startswith("#"):
            return frozenset({int(dimension.key[1:])})
        return (
            frozenset(
                number
                for what, number in self._atoms.items()
                if isinstance(what, tuple) and isinstance(what[0], Condition) and what[0].key.lower() == dimension.key
            )
            - self._free_atoms()
        )

    def _free_atoms(self) -> frozenset[int]:
        return frozenset(int(each.key[1:]) for each in self._dimensions if each.key.startswith("#"))

    def _combinations(self) -> Iterator[tuple[str, str, tuple[list[_Clause], ...]]]:
        """A request for each set of statements that it can concern; their clauses, allows and denies of each leaf."""
        actions = self._classes([(s.actions, s.not_actions) for s in self._statements], lower=True)
        resources = self._classes([(s.resources, s.not_resources) for s in self._statements], lower=False)
        seen = set()
        for (concerned, action), (fitting, resource) in product(actions, resources):
            met = tuple(None if on is None else each for on, each in zip(concerned, fitting, strict=True))
            if met in seen:
                continue
            seen.add(met)
            groups: tuple[list[_Clause], ...] = tuple([] for _ in range(2 * self._leaves))
            for place, some in enumerate(met):
                if some is not None:
                    statement = self._statements[place]
                    groups[2 * self._leaf_of[place] + (not statement.is_allow)].append(self._clause(statement, some))
            yield action, resource, groups

    def _clause(self, statement: Statement, some: tuple[int, ...]) -> _Clause:
        variables = statement.version == "2012-10-17"
        atoms = frozenset(self._atoms[(condition, variables)] for condition in statement.conditions)
        return _Clause(atoms, frozenset(some) or None, bool(statement.not_resources))

    def _classes(
        self, elements: list[tuple[tuple[str, ...], tuple[str, ...]]], *, lower: bool
    ) -> list[tuple[tuple[tuple[int, ...] | None, ...], str]]:
        """For each class of texts, which statements concern it (None: not; else atoms of which one must hold)."""
        texts: dict[str, int] = {}
        opaque: list[list[tuple[int, int]]] = []
        masks: list[int] = []
        for statement, (positive, negative) in zip(self._statements, elements, strict=True):
            mask, atoms = 0, list[tuple[int, int]]()
            for pattern in positive or negative:
                variables = not lower and statement.version == "2012-10-17"
                if self._opaque and variables and _templates([pattern]):
                    number = self._atom(pattern)
                    self._free(number)
                    atoms.append((number, 1 << texts.setdefault(_widened(pattern), len(texts))))
                elif (text := self._text(pattern, variables)) is not None:
                    mask |= 1 << texts.setdefault(text.lower() if lower else text, len(texts))
            masks.append(mask)
            opaque.append(atoms)
        tokens = language.glob if lower else language.resource
        found = language.samples(
            [language.automaton(tokens(text)) for text in texts], within=ACTIONS if lower else ARNS
        )
        classes: dict[tuple[tuple[int, ...] | None, ...], str] = {}
        for vector, sample in sorted(found.items(), key=lambda item: (len(item[1]), item[1])):
            concerned: list[tuple[int, ...] | None] = []
            for (positive, _), mask, wide in zip(elements, masks, opaque, strict=True):
                hit = bool(vector & mask)
                free = tuple(sorted(number for number, bit in wide if vector & bit))
                if positive:
                    concerned.append(() if hit else free or None)
                else:
                    concerned.append(None if hit else free)
            classes.setdefault(tuple(concerned), sample)
        return list(classes.items())

    def _holds(self, clauses: tuple[list[_Clause], ...], true: frozenset[int], false: frozenset[int]) -> bool | None:
        """Is the request in the set, as far as its atoms are known? None: not known yet."""
        found = [_any(group, true, false) for group in clauses]
        states = [_and(allow, _not(deny)) for allow, deny in zip(found[::2], found[1::2], strict=True)]
        return self._access.holds(iter(states))

    def _solve(
        self, clauses: tuple[list[_Clause], ...], dimensions: list[Domain], doubtful: bool
    ) -> dict[str, str | tuple[str, ...]] | None:
        """A context that brings the request into the set, or None."""

        def walk(place: int, true: frozenset[int], false: frozenset[int], values: dict[str, Value]) -> object:
            self._steps += 1
            if self._steps > STEPS:
                raise UndecidedError(f"more than {STEPS} steps")
            verdict = self._holds(clauses, true, false)
            if verdict is not None or place == len(dimensions):
                return values if verdict else None
            dimension = dimensions[place]
            every = self._of(dimension)
            for option in (*dimension.options, *(dimension.doubtful if doubtful else ())):
                chosen = {**values, dimension.key: option.value}
                found = walk(place + 1, true | option.holds, false | (every - option.holds), chosen)
                if found is not None:
                    return found
            return None

        found = walk(0, frozenset(), frozenset(), {})
        if not isinstance(found, dict):
            return None
        return {key: value for key, value in found.items() if value is not None}


def _widened(text: str) -> str:
    """A text with variables as the pattern of all that it can stand for."""
    template = Template.parse(text)
    parts = template.parts if template else (text,)
    return "".join(part if isinstance(part, str) else language.ANYTHING for part in parts)


def _templates(values: tuple[str, ...] | list[str]) -> bool:
    return any((template := Template.parse(value)) is not None and template.keys for value in values)


def _any(group: list[_Clause], true: frozenset[int], false: frozenset[int]) -> bool | None:
    states = [clause.state(true, false) for clause in group]
    return True if True in states else None if None in states else False


def _and(one: bool | None, two: bool | None) -> bool | None:
    return False if one is False or two is False else None if one is None or two is None else True


def _not(one: bool | None) -> bool | None:
    return None if one is None else not one
