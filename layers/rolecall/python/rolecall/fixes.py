"""Fixes: the commands and statements that people paste."""

from rolecall.iam.policy import Statement
from rolecall.model import Function

PLACEHOLDER = "SOURCE_ARN"


def remove_permission(function: Function, statement: Statement) -> str:
    """The command that takes the statement out of the resource policy of the function's qualifier."""
    return (
        f"aws lambda remove-permission --function-name {function.name} --statement-id {_sid(statement)}{_at(function)}"
    )


def guarded_permission(function: Function, statement: Statement, caller: str, source: str, account: str) -> str:
    """The commands that put a permission of one source in place of the statement.

    SNS sends no account (with one the statement would never match); a bucket ARN holds none.
    """
    owner = f" --source-account {account}" if caller.startswith("s3.") else ""
    add = (
        f"aws lambda add-permission --function-name {function.name} --statement-id {_sid(statement)}-guarded"
        f" --action lambda:InvokeFunction --principal {caller} --source-arn '{source}'{owner}{_at(function)}"
    )
    return f"{add} && {remove_permission(function, statement)}"


def _sid(statement: Statement) -> str:
    return statement.sid or f"STATEMENT_{statement.index + 1}"


def _at(function: Function) -> str:
    return f" --qualifier {function.qualifier}" if function.qualifier else ""
