"""The commands and their options."""

import argparse
from typing import NoReturn

from rolecall import __version__
from rolecall.cli.audit import audit, snapshot
from rolecall.cli.callers import callers
from rolecall.cli.findings import findings
from rolecall.cli.needs import needs
from rolecall.cli.output import FAILED, SEVERITIES
from rolecall.cli.policies import compare, simulate
from rolecall.cli.rules import explain, rules


class Parser(argparse.ArgumentParser):
    """Bad arguments get one line and status 2, without the usage in front of it."""

    def error(self, message: str) -> NoReturn:
        self.exit(FAILED, f"{self.prog}: {message}\n")


def command_line() -> argparse.ArgumentParser:
    """The parser: each command leads to the function that runs it, as `run`."""
    parser = Parser(prog="rolecall", description="Is each Lambda function exactly as privileged as it must be?")
    parser.add_argument("--version", action="version", version=f"rolecall {__version__}")
    commands = parser.add_subparsers(metavar="COMMAND", required=True)

    command = commands.add_parser("audit", help="judge the functions of templates, an account or a snapshot")
    add_inputs(command)
    command.add_argument("--format", choices=("text", "json"), default="text")
    command.add_argument("--output", metavar="FILE", help="write the report there instead of to the terminal")
    add_last_accessed(command)
    command.add_argument("--fail-on", choices=(*SEVERITIES, "never"), default="low", help="exit 1 from here (low)")
    command.set_defaults(run=audit)

    command = commands.add_parser("needs", help="show what each function needs, and the policy that would be right")
    add_inputs(command)
    command.add_argument("--format", choices=("text", "json", "sam", "policy"), default="text")
    command.add_argument("--output", metavar="FILE", help="write it there instead of to the terminal")
    command.set_defaults(run=needs)

    command = commands.add_parser("callers", help="show who may invoke each function, and through which statement")
    add_inputs(command)
    command.add_argument("--format", choices=("text", "json"), default="text")
    command.add_argument("--output", metavar="FILE", help="write it there instead of to the terminal")
    command.set_defaults(run=callers)

    command = commands.add_parser("snapshot", help="write what was read to a file, to audit it again offline")
    add_inputs(command)
    command.add_argument("--output", metavar="FILE", required=True)
    add_last_accessed(command)
    command.set_defaults(run=snapshot)

    command = commands.add_parser("findings", help="show what the deployed auditor found, out of CloudWatch Logs")
    add_session(command)
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


def add_inputs(command: argparse.ArgumentParser) -> None:
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
    add_session(command)


def add_last_accessed(command: argparse.ArgumentParser) -> None:
    command.add_argument(
        "--last-accessed", action="store_true", help="of an account, also ask IAM what each role last used"
    )


def add_session(command: argparse.ArgumentParser) -> None:
    command.add_argument("--region", metavar="REGION")
    command.add_argument("--profile", metavar="PROFILE")
