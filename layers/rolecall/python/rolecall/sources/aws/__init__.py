"""An Account read from AWS, live: whole, or only what a change touches."""

from collections.abc import Callable, Collection
from typing import Any

from rolecall.model import Account
from rolecall.sources import SourceError
from rolecall.sources.aws.calls import Calls, Refused
from rolecall.sources.aws.code import CodeCache
from rolecall.sources.aws.world import Index, World

__all__ = ["CodeCache", "Index", "World", "read"]


def read(
    session: Any,
    *,
    functions: Collection[str] | None = None,
    progress: Callable[[int, int], None] | None = None,
    code: CodeCache | None = None,
    principals: bool = False,
) -> Account:
    """The Account of a boto3 session: all functions of its region, or those that are named (name or ARN).

    Parameters
    ----------
    progress : is told how many functions were read, and of how many
    code : what keeps the analysis of code; without one no code is fetched
    principals : with every role and user of the account, also where only some functions are read

    Raises
    ------
    SourceError : no region or credentials, or the functions cannot be listed, or one that is named does not exist
    """
    if session.region_name is None:
        raise SourceError("no region: set AWS_REGION, or name one")
    world = World(session, account=_account(session), progress=progress, code=code)
    if functions is None:
        return world.read()
    chosen = {name: [each.arn for each in world.functions if name in (each.name, each.arn)] for name in functions}
    if missing := [name for name, arns in chosen.items() if not arns]:
        raise SourceError(f"no function `{missing[0]}` in account {world.account}, {world.region}")
    account = world.read({arn for arns in chosen.values() for arn in arns})
    return world.with_principals(account) if principals else account


def _account(session: Any) -> str:
    try:
        identity: str = Calls(session).ask("sts", "get_caller_identity")["Account"]
    except Refused as refused:
        raise SourceError(str(refused)) from refused
    return identity
