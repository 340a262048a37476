"""The Accounts that a command is about: of templates, of AWS, or of a snapshot."""

import argparse
import contextlib
import sys
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from rolecall.sources import SourceError

if TYPE_CHECKING:
    from collections.abc import Callable

    import boto3

    from rolecall.model import Account

TEMPLATES = ("template.yaml", "template.yml", "template.json")


def read_accounts(options: argparse.Namespace, *, code: bool = True, principals: bool = False) -> "list[Account]":
    """The Account that the options name: several only where conditions of a template are open.

    `code` says whether to analyse what the functions call; `principals` whether all roles and users are wanted, also
    those that no named function runs as.
    """
    from dataclasses import replace

    trusted = tuple(map(_trusted, options.trust))
    read = _accounts(options, code=code, principals=principals)
    return [replace(account, trusted=trusted) for account in read]


def _accounts(options: argparse.Namespace, *, code: bool, principals: bool) -> "Iterable[Account]":
    asked = getattr(options, "last_accessed", False)
    if options.snapshot:
        from rolecall.sources import file

        account = file.read(Path(options.snapshot))
        if asked and not _has_last_accessed(account):
            raise SourceError(f"{options.snapshot}: holds no last-accessed data: `rolecall snapshot --last-accessed`")
        return _only(options, [account], principals=principals)
    if options.account:
        from rolecall.sources import aws

        with _progress() as progress:
            session, reading = open_session(options), aws.CodeReading() if code else None
            return [
                aws.read(
                    session,
                    functions=options.function,
                    progress=progress,
                    code=reading,
                    last_accessed=asked,
                    principals=principals,
                )
            ]
    if asked:
        raise SourceError("--last-accessed goes with --account, or with a snapshot that holds such data")
    return _only(options, _templates(options, code=code), principals=principals)


def _has_last_accessed(account: "Account") -> bool:
    """Was IAM asked what the roles last used, whatever it said?"""
    from rolecall.model import LAST_ACCESSED

    return any(role.last_accessed or role.unread(LAST_ACCESSED) for role in account.roles)


@contextlib.contextmanager
def _progress() -> Iterator["Callable[[int, int], None] | None"]:
    """A bar on stderr where that is a terminal: functions read, and of how many."""
    if not sys.stderr.isatty():
        yield None
        return
    from rich.console import Console
    from rich.progress import Progress

    with Progress(console=Console(stderr=True), transient=True) as bar:
        task = bar.add_task("listing", total=None)
        yield lambda done, most: bar.update(task, description="functions", completed=done, total=most)


def _templates(options: argparse.Namespace, *, code: bool) -> "tuple[Account, ...]":
    """The Accounts of the templates that are named, else of the one in the current folder."""
    here = [name for name in TEMPLATES if Path(name).is_file()][:1]
    paths = [Path(name) for name in options.template or here]
    if not paths:
        raise SourceError("no input: no template.yaml here; give --template FILE, --account or --snapshot FILE")
    region = [f"AWS::Region={options.region}"] if options.region else []
    parameters = [*region, *options.parameter]
    return template_accounts(paths, parameters=parameters, environment=options.config_env, code=code)


def template_accounts(
    paths: "Sequence[Path]",
    *,
    parameters: Iterable[str] = (),
    environment: str | None = None,
    code: bool = True,
) -> "tuple[Account, ...]":
    """The Accounts of templates; without `code`, what their functions call is not looked at."""
    try:
        from rolecall.sources import template
    except ImportError as error:
        raise SourceError(f"reading templates needs {error.name}: pip install aws-sam-translator pyyaml") from error
    return template.read(paths, values=template.given(parameters), environment=environment, code=code)


def _trusted(value: str) -> str:
    """An account id, the id of an organisation, or the prefix of a layer's ARN."""
    if (len(value) == 12 and value.isdecimal()) or value.startswith(("o-", "arn:")):
        return value
    raise SourceError(f"--trust `{value}`: not an account id, an organisation (`o-…`) or the start of a layer ARN")


def _only(options: argparse.Namespace, accounts: "Sequence[Account]", *, principals: bool) -> "Sequence[Account]":
    """The accounts with those functions that --function names, by id, name or ARN."""
    from dataclasses import replace

    if not options.function:
        return accounts
    wanted = set(options.function)
    known = {text for each in accounts for f in each.functions for text in (f.id, f.name, f.arn, f.qualified_arn)}
    if missing := sorted(wanted - known):
        raise SourceError(f"no function `{missing[0]}` in {accounts[0].source}")
    chosen = []
    for each in accounts:
        functions = tuple(f for f in each.functions if {f.id, f.name, f.arn, f.qualified_arn} & wanted)
        used = {function.role for function in functions}
        if functions and principals:
            chosen.append(replace(each, functions=functions))
        elif functions:
            roles = tuple(role for role in each.roles if role.arn in used)
            chosen.append(replace(each, functions=functions, roles=roles, users=()))
    return chosen


def open_session(options: argparse.Namespace) -> "boto3.Session":
    try:
        import boto3
        from botocore.exceptions import BotoCoreError
    except ImportError as error:
        raise SourceError("reading an account needs boto3: pip install boto3") from error
    try:
        session = boto3.Session(region_name=options.region, profile_name=options.profile)
    except BotoCoreError as error:
        raise SourceError(str(error)) from error
    if session.region_name is None:
        raise SourceError("no region: give --region or set AWS_REGION")
    return session
