"""Existence: is the source that a statement names there, so that it would be known what it invokes?"""

from dataclasses import dataclass

from rolecall.changes import thing
from rolecall.iam.arn import Arn
from rolecall.iam.statement import is_unresolved
from rolecall.iam.wildcard import is_wild, matches
from rolecall.model import Account, Function

UNREAD = frozenset({"trigger source", "trigger sources", "trigger"})
"""`what` of the gaps that a source could not be read."""


@dataclass(frozen=True, slots=True)
class Existence:
    """Whether a source exists: True also means that all that it invokes is known. `unsure` is why neither is known.

    `exists` None without `unsure`: a gap tells that already.
    """

    exists: bool | None
    told: str = ""
    unsure: str | None = None
    mendable: bool = False


def existence(source: str, function: Function, account: Account) -> Existence:
    """What is known of the source (an aws:SourceArn) of a statement of the function."""
    if is_unresolved(source):
        return Existence(None, unsure="the name of its source is not known", mendable=True)
    arn = Arn.parse(source)
    if arn is None:
        return Existence(None, unsure="its source is no ARN")
    if arn.account and arn.account.isdecimal() and arn.account != account.id:
        if arn.account not in account.trusted:
            return Existence(None)  # `foreign-source` tells that.
        return _unread(function, "its source is in another account")
    if arn.region and not is_wild(arn.region) and arn.region != account.region:
        return _unread(function, "its source is in another region")
    if function.place is not None:
        return _in_template(source, account)
    return _live(source, function, account)


def _live(source: str, function: Function, account: Account) -> Existence:
    for name in dict.fromkeys((source, thing(source), source.removesuffix(":*"))):
        found = account.resource(name)
        if found is not None and found.gaps:
            return Existence(None)
        if found is not None:
            said = "exists, and invokes other things" if found.exists else "does not exist"
            return Existence(found.exists, said)
    if _is_any_of_one(source):
        pattern = source.removesuffix(":*")
        named = [each for each in account.resources if matches(pattern, each.arn)]
        if named:
            return Existence(None) if any(each.gaps for each in named) else Existence(True, "exists")
    return _unread(function, "its source was not read")


def _in_template(source: str, account: Account) -> Existence:
    """A template knows its own resources, and what they invoke; of all others nothing is known."""
    plain = thing(source)
    known = {name.removesuffix(":*") for name, _ in (*account.names, *account.deployed)}
    known |= {trigger.source.removesuffix(":*") for each in account.functions for trigger in each.triggers}
    if plain in known or source.removesuffix(":*") in known or _api(plain) & known:
        return Existence(True, "in the template")
    if _is_any_of_one(source) and any(matches(source, each) for each in known):
        return Existence(True, "in the template")
    return Existence(None, unsure="its source is in no template that was given")


def _api(source: str) -> set[str]:
    """An API in the words of its own ARN, by the id with which it invokes."""
    arn = Arn.parse(source)
    if arn is None or arn.service != "execute-api" or is_wild(arn.resource):
        return set()
    head = f"arn:{arn.partition}:apigateway:{arn.region}::/"
    return {f"{head}restapis/{arn.resource}", f"{head}apis/{arn.resource}"}


def _is_any_of_one(source: str) -> bool:
    """Does a wildcard only stand for the end that AWS gives to the name: of a target group, a secret?"""
    for end in ("/*", "-*", "-??????"):
        plain = source.removesuffix(end)
        if plain != source and not is_wild(plain):
            return ":targetgroup/" in plain or ":secret:" in plain
    return False


def _unread(function: Function, why: str) -> Existence:
    """Why nothing is known of a source, unless the function has a gap for that."""
    told = any(gap.what in UNREAD for gap in function.gaps)
    return Existence(None) if told else Existence(None, unsure=why)
