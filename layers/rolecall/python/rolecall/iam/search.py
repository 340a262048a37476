"""The search for a request of a set: one of each class of actions, resources and values of condition keys.

No pattern tells the texts of a class apart (`language`), no condition the values of one (`domains`); so trying one
request of each combination is as good as trying all.
"""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from itertools import product

from rolecall.iam import language
from rolecall.iam.condition import Test, compiled
from rolecall.iam.domains import Domain, Option, Value, domain
from rolecall.iam.policy import Condition, Policy, Statement
from rolecall.iam.variables import Context, Template

Holds = Callable[[Iterator[bool | None]], bool | None]
"""Is a request in the set, when these are the states of its policies in order? None: not known."""

STEPS = 200_000

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


class Search:
    """The search for one request of a set, with the variables' values given.

    With `opaque`, what has a variable in it may hold or not, whatever else is true: more requests than there are, so
    that finding none is a proof, and finding one says nothing.
    """

    def __init__(self, leaves: tuple[Policy, ...], holds: Holds, binding: Context, *, opaque: bool = False) -> None:
        self._in_set, self._binding, self._opaque = holds, binding, opaque
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
        languages: dict[frozenset[str], int] = {}
        opaque: list[list[tuple[int, int]]] = []
        masks: list[int] = []
        for statement, (positive, negative) in zip(self._statements, elements, strict=True):
            texts, atoms = set[str](), list[tuple[int, int]]()
            for pattern in positive or negative:
                variables = not lower and statement.version == "2012-10-17"
                if self._opaque and variables and _templates([pattern]):
                    number = self._atom(pattern)
                    self._free(number)
                    atoms.append((number, 1 << languages.setdefault(frozenset([_widened(pattern)]), len(languages))))
                elif (text := self._text(pattern, variables)) is not None:
                    texts.add(text.lower() if lower else text)
            masks.append(1 << languages.setdefault(frozenset(texts), len(languages)))
            opaque.append(atoms)
        tokens = language.glob if lower else language.resource
        found = language.samples(
            [language.automaton(*map(tokens, sorted(texts))) for texts in languages],
            within=ACTIONS if lower else ARNS,
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
        states = [both(allow, negated(deny)) for allow, deny in zip(found[::2], found[1::2], strict=True)]
        return self._in_set(iter(states))

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
            for option in (*dimension.options, *((*dimension.doubtful, *dimension.malformed) if doubtful else ())):
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


def both(one: bool | None, two: bool | None) -> bool | None:
    return False if one is False or two is False else None if one is None or two is None else True


def negated(one: bool | None) -> bool | None:
    return None if one is None else not one
