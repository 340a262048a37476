"""What of a function's configuration is wrong is told at its own line."""

from pathlib import Path

import pytest

from rolecall import engine
from rolecall.model import Account
from rolecall.sources import file, template
from rolecall.sources.template import document

LAYER = "arn:aws:lambda:us-east-1:444455556666:layer:numpy:3"
OWN = "Runtime: python3.13, Handler: a.b, Role: 'arn:aws:iam::123456789012:role/r'"
PLAIN = f"""\
Resources:
  A:
    Type: AWS::Lambda::Function
    Properties: {{{OWN}, Code: {{ZipFile: 'def b(event, context): pass'}}, %s}}
"""
SAM = f"""\
Transform: AWS::Serverless-2016-10-31
Globals: {{Function: {{Runtime: python3.13, %s}}}}
Resources:
  A:
    Type: AWS::Serverless::Function
    Properties: {{{OWN}, InlineCode: 'def b(event, context): pass', %s}}
"""
HIJACK = "Environment: {\n Variables: {TABLE: a,\n PYTHONPATH: /mnt/lib}}"
LAYERS = f"Layers: [\n 'arn:aws:lambda:us-east-1:123456789012:layer:own:1',\n '{LAYER}']"


def read(text: str) -> Account:
    (account,) = template.read_documents([document.parse(text, Path("shop.yaml"))], {})
    return account


def lines(account: Account) -> dict[str, int]:
    """Rule -> line of what is found."""
    return {each.rule: each.place.line for each in engine.audit(account).findings if each.place}


@pytest.mark.parametrize(
    ("text", "rule", "line"),
    [
        (PLAIN % HIJACK, "runtime-hijack", 6),
        (PLAIN % LAYERS, "unknown-layer", 6),
        (PLAIN % f"Layers: !Split [',',\n '{LAYER}']", "unknown-layer", 4),
        (PLAIN % f"Layers: !If [No,\n [!Ref AWS::NoValue,\n '{LAYER}'], []]", "unknown-layer", 6),
        (SAM % ("Timeout: 3", HIJACK), "runtime-hijack", 8),
        (SAM % (HIJACK, "Timeout: 3"), "runtime-hijack", 4),
        (SAM % (HIJACK, HIJACK), "runtime-hijack", 10),
        (SAM % (LAYERS, "Timeout: 3"), "unknown-layer", 4),
        (SAM % ("Timeout: 3", LAYERS), "unknown-layer", 8),
        (PLAIN % "Environment: {Variables: {\n PYTHONPATH: !ImportValue x}}", "incomplete-audit", 5),
    ],
)
def test_a_layer_or_variable_is_told_where_it_is_written(text: str, rule: str, line: int) -> None:
    assert lines(read(text)).get(rule) == line


def test_a_snapshot_keeps_the_line() -> None:
    account = read(PLAIN % LAYERS)

    assert lines(file.load(file.dump(account))) == lines(account)


def test_the_fix_names_the_line_of_the_variable() -> None:
    (finding,) = (each for each in engine.audit(read(PLAIN % HIJACK)).findings if each.rule == "runtime-hijack")

    assert finding.fix == "shop.yaml:6: take `PYTHONPATH` out of `Environment` of `A`"
