"""An Account read from AWS, live: whole, or only what a change touches."""

from collections.abc import Callable, Collection
from typing import Any

from rolecall.model import Account
from rolecall.sources import SourceError
from rolecall.sources.aws.calls import Calls, Refused
from rolecall.sources.aws.code import CodeReading
from rolecall.sources.aws.last_accessed import with_last_accessed
from rolecall.sources.aws.world import Index, World

__all__ = ["CodeReading", "Index", "World", "read"]


def read(
    session: Any,
    *,
    functions: Collection[str] | None = None,
    progress: Callable[[int, int], None] | None = None,
    code: CodeReading | None = None,
    last_accessed: bool = False,
    principals: bool = False,
) -> Account:
    """The Account of a boto3 session: all functions of its region, or those that are named (name or ARN).

    Parameters
    ----------
    progress : is told how many functions were read, and of how many
    code : how the code of functions is read; None: it is not
    last_accessed : ask IAM, too, what each execution role last used
    principals : with every role and user of the account, also where only some functions are read

    Raises
    ------
    SourceError : no region or credentials, or the functions cannot be listed, or one that is named does not exist
    """
    if session.region_name is None:
        raise SourceError("no region: set AWS_REGION, or name one")
    world = World(session, account=_account(session), progress=progress, code=code)
    account = world.read(None if functions is None else _named(world, functions))
    if principals and functions is not None:
        account = world.with_principals(account)
    return with_last_accessed(world.calls, account) if last_accessed else account


def _named(world: World, functions: Collection[str]) -> set[str]:
    """The ARNs of functions that are named by name or ARN."""
    chosen = {name: [each.arn for each in world.functions if name in (each.name, each.arn)] for name in functions}
    if missing := [name for name, arns in chosen.items() if not arns]:
        raise SourceError(f"no function `{missing[0]}` in account {world.account}, {world.region}")
    return {arn for arns in chosen.values() for arn in arns}


def _account(session: Any) -> str:
    try:
        identity: str = Calls(session).ask("sts", "get_caller_identity")["Account"]
    except Refused as refused:
        raise SourceError(str(refused)) from refused
    return identity
