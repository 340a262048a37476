"""An Account read from AWS, live: whole, or only what a change touches."""

from collections.abc import Collection
from concurrent.futures import ThreadPoolExecutor
from typing import Any

from rolecall.changes import Change
from rolecall.model import Account
from rolecall.sources import SourceError
from rolecall.sources.aws.calls import Calls, Refused
from rolecall.sources.aws.functions import Listed, listed, read_function
from rolecall.sources.aws.roles import read_role, roles_of_policy

__all__ = ["World", "read"]

AT_ONCE = 8  # Lambda answers GetPolicy 15 times a second; botocore waits when that is not enough.


class World:
    """An AWS account in one region, as the credentials of a boto3 session see it.

    The list of functions is read once: it tells which roles are used by whom.
    """

    def __init__(self, session: Any, *, account: str) -> None:
        self.calls = Calls(session, account=account)
        self.account, self.region, self.partition = account, self.calls.region, self.calls.partition
        self._listed: tuple[Listed, ...] | None = None

    @property
    def functions(self) -> tuple[Listed, ...]:
        """Every function of the region.

        Raises
        ------
        SourceError : the list cannot be read, so nothing can be said at all
        """
        if self._listed is None:
            try:
                self._listed = listed(self.calls)
            except Refused as refused:
                raise SourceError(str(refused)) from refused
        return self._listed

    def users(self, roles: Collection[str]) -> set[str]:
        """The ARNs of the functions that run under one of these roles (ARNs)."""
        return {each.arn for each in self.functions if each.role in roles}

    def touched(self, change: Change) -> set[str]:
        """The ARNs of the functions that a change touches: those it names, and those that use what it names."""
        if change.everything:
            return {each.arn for each in self.functions}
        roles = set(change.roles)
        try:
            for policy in change.policies:
                roles |= set(roles_of_policy(self.calls, policy))
        except Refused:  # Then any role may be meant.
            return {each.arn for each in self.functions}
        return {
            each.arn
            for each in self.functions
            if each.name in change.functions
            or each.role.rpartition("/")[2] in roles
            or any(layer.split(":")[6] in change.layers for layer in each.layers)
        }

    def read(self, functions: Collection[str] | None = None) -> Account:
        """The Account with these functions (ARNs) and their roles; all of them by default.

        A part that AWS does not let be read is a gap. A function that was deleted meanwhile is not in it.
        """
        chosen = [each for each in self.functions if functions is None or each.arn in functions]
        with ThreadPoolExecutor(AT_ONCE) as pool:
            read = [each for each in pool.map(lambda each: read_function(self.calls, each), chosen) if each]
            arns = sorted({each.role for each in read})
            roles = list(pool.map(lambda arn: read_role(self.calls, arn, self.users({arn})), arns))
        return Account(
            id=self.account,
            region=self.region,
            source=f"account {self.account}, {self.region}",
            partition=self.partition,
            functions=tuple(read),
            roles=tuple(role for role, _ in roles if role),
            gaps=tuple(gap for _, gap in roles if gap),
        )


def read(session: Any, *, functions: Collection[str] | None = None) -> Account:
    """The Account of a boto3 session: all functions of its region, or those that are named (name or ARN).

    Raises
    ------
    SourceError : no region or credentials, or the functions cannot be listed, or one that is named does not exist
    """
    if session.region_name is None:
        raise SourceError("no region: set AWS_REGION, or name one")
    world = World(session, account=_account(session))
    if functions is None:
        return world.read()
    chosen = {name: [each.arn for each in world.functions if name in (each.name, each.arn)] for name in functions}
    if missing := [name for name, arns in chosen.items() if not arns]:
        raise SourceError(f"no function `{missing[0]}` in account {world.account}, {world.region}")
    return world.read({arn for arns in chosen.values() for arn in arns})


def _account(session: Any) -> str:
    try:
        identity: str = Calls(session).ask("sts", "get_caller_identity")["Account"]
    except Refused as refused:
        raise SourceError(str(refused)) from refused
    return identity
