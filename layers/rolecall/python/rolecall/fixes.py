"""Fixes: the commands, statements and lines that people paste."""

from rolecall.iam.policy import Statement
from rolecall.model import Function

PLACEHOLDER = "SOURCE_ARN"


def remove_permission(function: Function, statement: Statement) -> str:
    """What takes the statement out of the resource policy: an edit of the template, or a command."""
    place = statement.place
    if place and place.added_by:
        return f"take what {place.file}:{place.line} asks for out: {place.added_by} adds `{_sid(statement)}` for it"
    if place:
        return f"take `{_sid(statement)}` out of {place.file}:{place.line}"
    return (
        f"aws lambda remove-permission --function-name {function.name} --statement-id {_sid(statement)}{_at(function)}"
    )


def guarded_permission(function: Function, statement: Statement, caller: str, source: str, account: str) -> str:
    """What puts a permission of one source in place of the statement: an edit of the template, or commands.

    SNS sends no account (with one the statement would never match); a bucket ARN holds none.
    """
    place = statement.place
    if place:
        lines = f"`SourceArn: {source}`" + (
            " and `SourceAccount: !Ref AWS::AccountId`" if caller.startswith("s3.") else ""
        )
        if place.added_by:
            return (
                f"write the AWS::Lambda::Permission out that {place.added_by} adds (`{_sid(statement)}`), with {lines}"
            )
        return f"{place.file}:{place.line}: add {lines}"
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
