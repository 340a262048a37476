"""`rolecall simulate` and `rolecall compare`."""

import argparse
import contextlib
import json
import sys
from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING

from rolecall.cli.inputs import template_accounts
from rolecall.cli.output import complain
from rolecall.sources import SourceError

if TYPE_CHECKING:
    from rolecall.iam.access import Witness
    from rolecall.iam.policy import Policy
    from rolecall.model import Account


def simulate(options: argparse.Namespace) -> int:
    """Decide cases, a JSON object a line; 1 when an `expected` differs or a line is an error."""
    from rolecall.iam import cases

    failures = total = 0
    with lines_of(options.file) as lines:
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
        with lines_of(options.lines) as lines:
            errors = 0
            for answer in comparison.compare(lines):
                print(json.dumps(answer))
                errors += "error" in answer
        return int(errors > 0)
    if options.old is None or options.new is None:
        return complain("give OLD and NEW, or --lines")
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
            return _merged(path, *template_accounts([Path(path)], parameters=["AWS::StackName=stack"], code=False))
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


def lines_of(name: str) -> contextlib.AbstractContextManager[Iterable[str]]:
    """Lines of a file, or of stdin for `-`."""
    if name == "-":
        return contextlib.nullcontext(sys.stdin)
    try:
        return Path(name).open(errors="surrogateescape")
    except OSError as error:
        raise SourceError(f"{name}: {(error.strerror or str(error)).lower()}") from error
