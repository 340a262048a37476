"""Parts of an Account: some of its functions, with all that is known of them."""

from collections.abc import Collection, Iterator
from dataclasses import replace

from rolecall.changes import names_of, thing
from rolecall.model import Account


def part(account: Account, functions: Collection[str]) -> Account:
    """The account with these functions (ids) only, their roles, what they refer to, and the gaps that concern them.

    Gaps of the whole account stay: they may concern anybody. Other principals are left out: only rules on the whole
    account ask for them.
    """
    chosen = tuple(each for each in account.functions if each.id in functions)
    names = {name for each in chosen for name in names_of(each, account)}
    roles = {each.role for each in chosen} | {one.role for each in chosen for one in each.triggers if one.role}
    resources = tuple(each for each in account.resources if each.arn in names or thing(each.arn) in names)
    subjects = {None, *functions, *roles, *(each.arn for each in resources)}
    return replace(
        account,
        functions=chosen,
        roles=tuple(each for each in account.roles if each.arn in roles),
        users=(),
        resources=resources,
        strays=(),
        gaps=tuple(gap for gap in account.gaps if gap.subject in subjects),
    )


def single(account: Account) -> Iterator[Account]:
    """A part for each function, all its versions in one."""
    return cut(account, 1)


def cut(account: Account, most: int) -> Iterator[Account]:
    """Parts of so many functions, in order of their ids."""
    ids = sorted({function.id for function in account.functions})
    return (part(account, set(ids[start : start + most])) for start in range(0, len(ids), most))


def joined(one: Account, other: Account) -> Account:
    """Two parts of one account as one. What both have is that of the first."""
    roles = {each.arn: each for each in (*other.roles, *one.roles)}
    resources = {each.arn: each for each in (*other.resources, *one.resources)}
    functions = {(each.id, each.qualifier, each.version): each for each in (*other.functions, *one.functions)}
    return replace(
        one,
        functions=tuple(functions[key] for key in sorted(functions, key=str)),
        roles=tuple(roles[arn] for arn in sorted(roles)),
        resources=tuple(resources[arn] for arn in sorted(resources)),
        gaps=tuple(dict.fromkeys((*one.gaps, *other.gaps))),
    )
