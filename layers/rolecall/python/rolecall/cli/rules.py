"""`rolecall rules` and `rolecall explain`."""

import argparse

from rolecall.cli.output import complain


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
        return complain(f"no rule `{options.rule}`: `rolecall rules` lists them")
    rule = known[options.rule]
    print(f"{rule.name} ({rule.severity.value})\n\n{rule.text}")
    return 0
