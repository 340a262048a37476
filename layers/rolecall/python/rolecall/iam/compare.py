"""Comparing policies: does one allow anything that the other does not? `compare` reads pairs as JSON Lines."""

import json
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any

from rolecall.iam.access import UndecidedError, Witness, beyond
from rolecall.iam.policy import Policy, PolicyError, parse


@dataclass(frozen=True, slots=True)
class Relation:
    """How two policies relate: `equal`, `A<B`, `B<A`, `incomparable` or `unknown`, and a witness for each way."""

    name: str
    in_a_not_b: Witness | None
    in_b_not_a: Witness | None


def relation(a: Policy, b: Policy) -> Relation:
    """The relation of two identity policies of one user, over all requests; only what is proven."""
    (more, a_is_within), (less, b_is_within) = _way(a, b), _way(b, a)
    if a_is_within is None or b_is_within is None:
        return Relation("unknown", more, less)
    names = {(True, True): "equal", (True, False): "A<B", (False, True): "B<A", (False, False): "incomparable"}
    return Relation(names[a_is_within, b_is_within], more, less)


def beyond_old(old: Policy | None, new: Policy) -> tuple[str, Witness | None]:
    """`nothing`, `more` (with a witness) or `undecided`: what a new policy allows that the old one did not."""
    try:
        witness = beyond(new, old or Policy(new.name, new.kind, new.version, ()))
    except UndecidedError:
        return "undecided", None
    return ("more", witness) if witness else ("nothing", None)


def _way(policy: Policy, other: Policy) -> tuple[Witness | None, bool | None]:
    """What the first allows beyond the second, and whether it is within it (None: not decided)."""
    try:
        witness = beyond(policy, other)
    except UndecidedError:
        return None, None
    return witness, witness is None


def compare(lines: Iterable[str]) -> Iterator[dict[str, Any]]:
    """The answer to each line that is not empty, in order."""
    return (answer(line) for line in lines if line.strip())


def answer(line: str) -> dict[str, Any]:
    """The answer to one pair, `{"id", "A", "B"}`; a line that is none gets `{"id", "error"}`."""
    try:
        pair = json.loads(line)
    except (ValueError, RecursionError) as error:
        return {"id": None, "error": f"no JSON: {error}"}
    if not isinstance(pair, dict):
        return {"id": None, "error": "no JSON object"}
    try:
        a, b = (parse(_member(pair, name), name=name) for name in ("A", "B"))
    except PolicyError as error:
        return {"id": pair.get("id"), "error": str(error)}
    found = relation(a, b)
    return {
        "id": pair.get("id"),
        "relation": found.name,
        "in_A_not_B": _json(found.in_a_not_b),
        "in_B_not_A": _json(found.in_b_not_a),
    }


def _member(pair: dict[str, Any], name: str) -> object:
    if name not in pair:
        raise PolicyError(f"the pair has no `{name}`")
    return pair[name]


def _json(witness: Witness | None) -> dict[str, Any] | None:
    if witness is None:
        return None
    context = {key: value if isinstance(value, str) else list(value) for key, value in witness.context.items()}
    return {"action": witness.action, "resource": witness.resource, "context": context}
