"""The command line: one function per command. Everything slow is imported by the command that uses it.

It is long because it holds all commands and their options, each of them short.
"""

import argparse
import contextlib
import json
import os
import sys
import time
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, NoReturn

from rolecall import __version__
from rolecall.sources import SourceError

if TYPE_CHECKING:
    from collections.abc import Callable

    import boto3

    from rolecall.finding import Report
    from rolecall.iam.access import Witness
    from rolecall.iam.policy import Policy
    from rolecall.model import Account

FAILED = 2
TEMPLATES = ("template.yaml", "template.yml", "template.json")
SEVERITIES = ("critical", "high", "medium", "low", "info")


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command; its exit status."""
    options = _parser().parse_args(arguments)
    try:
        status: int = options.run(options)
        sys.stdout.flush()
    except SourceError as error:
        return _complain(str(error))
    except BrokenPipeError:
        # The reader (`head`) went away. Python flushes stdout once more at its end: let it go nowhere.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return FAILED
    except KeyboardInterrupt:
        return 130
    return status


def audit(options: argparse.Namespace) -> int:
    """Judge templates, an account or a snapshot; 1 when there is an open finding at or above --fail-on."""
    from rolecall import engine
    from rolecall.finding import Severity, united

    report = united([engine.audit(account) for account in _read(options)])
    _write(options, _rendered(options, report))
    if options.fail_on == "never":
        return 0
    return int(any(finding.severity >= Severity(options.fail_on) for finding in report.open()))


def snapshot(options: argparse.Namespace) -> int:
    """Write what was read to a file, to audit it again offline."""
    from rolecall.sources import file

    account, *others = _read(options)
    if others:
        raise SourceError(f"{account.source}: conditions are open, so it is not one account: give their parameters")
    _write(options, json.dumps(file.dump(account), indent=2))
    return 0


def findings(options: argparse.Namespace) -> int:
    """Show what the deployed auditor wrote to CloudWatch Logs."""
    from rolecall.sources import findings as source

    try:
        start = source.now() - 1000 * source.since(options.since)
    except ValueError as error:
        return _complain(str(error))
    group = f"/{options.stack}/findings"

    def again() -> bool:
        if options.follow:
            time.sleep(1)
        return bool(options.follow)

    from botocore.exceptions import BotoCoreError, ClientError

    try:
        for line in source.lines(_session(options).client("logs"), group, start=start, follow=again):
            if _wanted(options, line):
                print(json.dumps(line) if options.format == "json" else _line_text(line), flush=True)
    except ClientError as error:
        return _complain(f"{group}: {error.response['Error'].get('Message') or error}")
    except BotoCoreError as error:
        return _complain(str(error))
    return 0


def rules(options: argparse.Namespace) -> int:
    """List the rules."""
    from rolecall.reports import rules as report

    print(report.render(options.format))
    return 0


def explain(options: argparse.Namespace) -> int:
    """Tell what a rule is about, with examples."""
    from rolecall.rules import all_rules

    known = {rule.name: rule for rule in all_rules()}
    if options.rule not in known:
        return _complain(f"no rule `{options.rule}`: `rolecall rules` lists them")
    rule = known[options.rule]
    print(f"{rule.name} ({rule.severity.value})\n\n{rule.text}")
    return 0


def simulate(options: argparse.Namespace) -> int:
    """Decide cases, a JSON object a line; 1 when an `expected` differs or a line is an error."""
    from rolecall.iam import cases

    failures = total = 0
    with _lines(options.file) as lines:
        for answer in cases.simulate(lines):
            print(json.dumps(answer))
            total += 1
            failures += cases.is_failure(answer)
    print(f"rolecall: {total} cases, {failures} failed", file=sys.stderr)
    return int(failures > 0)


def compare(options: argparse.Namespace) -> int:
    """Does NEW allow anything that OLD does not? 0 no, 1 yes, 3 not decided."""
    from rolecall.iam import compare as comparison

    if options.lines is not None:
        with _lines(options.lines) as lines:
            errors = 0
            for answer in comparison.compare(lines):
                print(json.dumps(answer))
                errors += "error" in answer
        return int(errors > 0)
    if options.old is None or options.new is None:
        return _complain("give OLD and NEW, or --lines")
    old, new = _policies(options.old), _policies(options.new)
    statuses = {"nothing": 0, "more": 1, "undecided": 3}
    found = []
    for name, policy in new.items():
        verdict, witness = comparison.beyond_old(old.get(name), policy)
        found.append(statuses[verdict])
        print(_comparison_text(name, verdict, witness))
    return max(found, key=[0, 3, 1].index, default=0)


def _comparison_text(name: str, verdict: str, witness: "Witness | None") -> str:
    subject = f"{name}: " if name else ""
    if witness is None:
        return subject + {"nothing": "allows nothing more", "undecided": "not decided"}.get(verdict, verdict)
    context = f" with {json.dumps(dict(witness.context))}" if witness.context else ""
    return f"{subject}allows more: `{witness.action}` on `{witness.resource}`{context}"


def _policies(path: str) -> "dict[str, Policy]":
    """The policies of a file: one without a name, or those of each role of a snapshot or template, by its ARN."""
    from rolecall.iam.policy import PolicyError, parse
    from rolecall.sources import file

    try:
        text = Path(path).read_text()
        if '"rolecall-snapshot/' in text:
            return _merged(path, file.read(Path(path)))
        if "Resources:" in text or '"Resources"' in text:
            return _merged(path, *_template([Path(path)], parameters=["AWS::StackName=stack"]))
        return {"": parse(text, name=path)}
    except OSError as error:
        raise SourceError(f"{path}: {(error.strerror or str(error)).lower()}") from error
    except UnicodeDecodeError as error:
        raise SourceError(f"{path}: not text: {error}") from error
    except PolicyError as error:
        raise SourceError(str(error)) from error


def _merged(path: str, account: "Account", *others: "Account") -> "dict[str, Policy]":
    """What each role of an account may do, as one policy."""
    from rolecall.iam.policy import Kind, Policy

    if others:
        raise SourceError(f"{path}: conditions are open, so it cannot be compared")
    if unread := [role.arn for role in account.roles if role.gaps]:
        raise SourceError(f"{path}: `{unread[0]}` was not read whole, so it cannot be compared")
    return {
        role.arn: Policy(role.arn, Kind.IDENTITY, "2012-10-17", tuple(s for p in role.policies for s in p.statements))
        for role in account.roles
    }


def _lines(name: str) -> contextlib.AbstractContextManager[Iterable[str]]:
    """Lines of a file, or of stdin for `-`."""
    if name == "-":
        return contextlib.nullcontext(sys.stdin)
    try:
        return Path(name).open(errors="surrogateescape")
    except OSError as error:
        raise SourceError(f"{name}: {(error.strerror or str(error)).lower()}") from error


def _read(options: argparse.Namespace) -> "list[Account]":
    """The Account that the options name: several only where conditions of a template are open."""
    from dataclasses import replace

    trusted = tuple(map(_trusted, options.trust))
    return [replace(account, trusted=trusted) for account in _read_accounts(options)]


def _read_accounts(options: argparse.Namespace) -> "Iterable[Account]":
    if options.snapshot:
        from rolecall.sources import file

        return _only(options, [file.read(Path(options.snapshot))])
    if options.account:
        from rolecall.sources import aws

        with _progress() as progress:
            return [aws.read(_session(options), functions=options.function or None, progress=progress)]
    return _only(options, _templates(options))


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


def _templates(options: argparse.Namespace) -> "tuple[Account, ...]":
    """The Accounts of the templates that are named, else of the one in the current folder."""
    here = [name for name in TEMPLATES if Path(name).is_file()][:1]
    paths = [Path(name) for name in options.template or here]
    if not paths:
        raise SourceError("no input: no template.yaml here; give --template FILE, --account or --snapshot FILE")
    region = [f"AWS::Region={options.region}"] if options.region else []
    return _template(paths, parameters=[*region, *options.parameter], environment=options.config_env)


def _template(
    paths: "Sequence[Path]", *, parameters: Iterable[str] = (), environment: str | None = None
) -> "tuple[Account, ...]":
    try:
        from rolecall.sources import template
    except ImportError as error:
        raise SourceError(f"reading templates needs {error.name}: pip install aws-sam-translator pyyaml") from error
    return template.read(paths, values=template.given(parameters), environment=environment)


def _trusted(value: str) -> str:
    """An account id, the id of an organisation, or the prefix of a layer's ARN."""
    if (len(value) == 12 and value.isdecimal()) or value.startswith(("o-", "arn:")):
        return value
    raise SourceError(f"--trust `{value}`: not an account id, an organisation (`o-…`) or the start of a layer ARN")


def _only(options: argparse.Namespace, accounts: "Sequence[Account]") -> "Sequence[Account]":
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
        if functions:
            roles = tuple(role for role in each.roles if role.arn in used)
            chosen.append(replace(each, functions=functions, roles=roles))
    return chosen


def _session(options: argparse.Namespace) -> "boto3.Session":
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


def _rendered(options: argparse.Namespace, report: "Report") -> str:
    if options.format == "json":
        from rolecall.reports import json as json_report

        return json_report.render(report)
    from rolecall.reports import text

    return text.render(report, colour=options.output is None and _colour())


def _colour() -> bool:
    return sys.stdout.isatty() and not os.environ.get("NO_COLOR")


def _write(options: argparse.Namespace, text: str) -> None:
    if options.output is None:
        print(text)
        return
    try:
        Path(options.output).write_text(text + "\n")
    except OSError as error:
        raise SourceError(f"{options.output}: {(error.strerror or str(error)).lower()}") from error


def _wanted(options: argparse.Namespace, line: dict[str, object]) -> bool:
    function = str(line.get("function") or "")
    named = options.function is None or options.function in (function, function.rpartition(":")[2])
    severity = str(line.get("severity"))
    severe = severity not in SEVERITIES or SEVERITIES.index(severity) <= SEVERITIES.index(options.severity)
    return named and severe


def _line_text(line: dict[str, object]) -> str:
    """`2026-01-31T03:00:00 critical[admin-role] orders: … (opened, by alice)`."""
    state = str(line.get("state") or line.get("message"))
    by = f", by {line['actor']}" if line.get("actor") else ""
    function = str(line.get("function") or line.get("role") or "the account").rpartition(":")[2]
    rule = f"{line.get('severity')}[{line.get('rule')}]"
    return f"{line.get('timestamp', '')} {rule} {function}: {line.get('text')} ({state}{by})"


def _complain(message: str) -> int:
    print(f"rolecall: {message}", file=sys.stderr)
    return FAILED


class _Parser(argparse.ArgumentParser):
    """Bad arguments get one line and status 2, without the usage in front of it."""

    def error(self, message: str) -> NoReturn:
        self.exit(FAILED, f"{self.prog}: {message}\n")


def _parser() -> argparse.ArgumentParser:
    parser = _Parser(prog="rolecall", description="Is each Lambda function exactly as privileged as it must be?")
    parser.add_argument("--version", action="version", version=f"rolecall {__version__}")
    commands = parser.add_subparsers(metavar="COMMAND", required=True)

    command = commands.add_parser("audit", help="judge the functions of templates, an account or a snapshot")
    _add_inputs(command)
    command.add_argument("--format", choices=("text", "json"), default="text")
    command.add_argument("--output", metavar="FILE", help="write the report there instead of to the terminal")
    command.add_argument("--fail-on", choices=(*SEVERITIES, "never"), default="low", help="exit 1 from here (low)")
    command.set_defaults(run=audit)

    command = commands.add_parser("snapshot", help="write what was read to a file, to audit it again offline")
    _add_inputs(command)
    command.add_argument("--output", metavar="FILE", required=True)
    command.set_defaults(run=snapshot)

    command = commands.add_parser("findings", help="show what the deployed auditor found, out of CloudWatch Logs")
    _add_session(command)
    command.add_argument("--stack", default="rolecall", metavar="NAME", help="of the deployment (rolecall)")
    command.add_argument("--since", default="1d", metavar="SPAN", help="such as 30m, 6h, 1d (1d)")
    command.add_argument("--function", metavar="NAME", help="only of this function: name or ARN")
    command.add_argument("--severity", choices=SEVERITIES, default="info", help="only this and worse (info)")
    command.add_argument("--follow", action="store_true", help="wait for new ones, until Ctrl-C")
    command.add_argument("--format", choices=("text", "json"), default="text")
    command.set_defaults(run=findings)

    command = commands.add_parser("simulate", help="decide cases of JSON Lines: which statements allow or deny")
    command.add_argument("file", nargs="?", default="-", metavar="FILE", help="a case a line (stdin)")
    command.set_defaults(run=simulate)

    command = commands.add_parser("compare", help="does NEW allow anything that OLD does not?")
    command.add_argument("old", nargs="?", metavar="OLD", help="a policy, template or snapshot")
    command.add_argument("new", nargs="?", metavar="NEW", help="a policy, template or snapshot")
    command.add_argument("--lines", nargs="?", const="-", metavar="FILE", help="a pair of policies a line (stdin)")
    command.set_defaults(run=compare)

    command = commands.add_parser("rules", help="list the rules")
    command.add_argument("--format", choices=("text", "json", "markdown"), default="text")
    command.set_defaults(run=rules)

    command = commands.add_parser("explain", help="tell what a rule is about, with examples")
    command.add_argument("rule", metavar="RULE")
    command.set_defaults(run=explain)
    return parser


def _add_inputs(command: argparse.ArgumentParser) -> None:
    source = command.add_mutually_exclusive_group()
    source.add_argument(
        "--template",
        nargs="+",
        action="extend",
        metavar="FILE",
        help="SAM, CloudFormation or CDK templates of one application (template.yaml here)",
    )
    source.add_argument("--account", action="store_true", help="read the account of the AWS credentials in use")
    source.add_argument("--snapshot", metavar="FILE", help="what `rolecall snapshot` wrote")
    command.add_argument("--function", action="append", metavar="NAME", help="only this one: logical id, name or ARN")
    command.add_argument(
        "--parameter", action="append", default=[], metavar="KEY=VALUE", help="of a template, also AWS::AccountId"
    )
    command.add_argument("--config-env", metavar="NAME", help="of samconfig.toml beside the template (default)")
    command.add_argument(
        "--trust",
        action="append",
        default=[],
        metavar="VALUE",
        help="account id, organisation, or start of a layer ARN",
    )
    _add_session(command)


def _add_session(command: argparse.ArgumentParser) -> None:
    command.add_argument("--region", metavar="REGION")
    command.add_argument("--profile", metavar="PROFILE")


if __name__ == "__main__":
    sys.exit(main())
