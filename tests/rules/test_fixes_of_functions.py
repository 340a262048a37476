"""Fixes of a function's own settings, to the letter: nothing of them is left to fill in but what only people know."""

from typing import Any

import pytest

from rolecall import engine
from tests.builders import ACCOUNT, FUNCTION, REGION, ROLE, account
from tests.rules import written
from tests.rules.written import found

OTHER_LAYER = f"arn:aws:lambda:{REGION}:444455556666:layer:numpy:3"
OWN_LAYER = f"arn:aws:lambda:{REGION}:{ACCOUNT}:layer:lib:1"
FETCH = (
    f'curl -o numpy.zip "$(aws lambda get-layer-version-by-arn --region {REGION} --arn {OTHER_LAYER}'
    ' --query Content.Location --output text)"; read what is in it, then '
)
PUBLISH = "aws lambda publish-layer-version --layer-name numpy --zip-file fileb://numpy.zip"
UPDATE = "aws lambda update-function-configuration --function-name orders"
SERVED = {"id": "orders", "name": "orders", "arn": FUNCTION, "role": f"{ROLE}-old", "version": "7", "triggers": []}


@pytest.mark.parametrize(
    ("fragment", "rule", "fix"),
    [
        (
            {"configuration": {"environment": [["PYTHONPATH", "/tmp/lib"], ["KEY", "secret"]]}},
            "runtime-hijack",
            (
                "aws lambda get-function-configuration --function-name orders --query Environment --output json"
                f" | jq 'del(.Variables.PYTHONPATH)' | {UPDATE} --environment file:///dev/stdin"
            ),
        ),
        (
            {"configuration": {"layers": [OWN_LAYER, OTHER_LAYER]}},
            "unknown-layer",
            (
                f'{FETCH}{UPDATE} --layers {OWN_LAYER} "$({PUBLISH} --query LayerVersionArn --output text)"'
                f"; or trust it: `--trust {OTHER_LAYER.rpartition(':')[0]}`"
            ),
        ),
        (
            {"functions": [SERVED | {"qualifier": "live"}]},
            "version-role-drift",
            (
                "aws lambda update-alias --function-name orders --name live --function-version"
                ' "$(aws lambda publish-version --function-name orders --query Version --output text)"'
                "; once nothing serves it: aws lambda delete-function --function-name orders --qualifier 7"
            ),
        ),
        (
            {"functions": [SERVED | {"qualifier": "7"}]},
            "version-role-drift",
            (
                "aws lambda publish-version --function-name orders, and let what invokes `orders:7` invoke the version"
                " that it prints; once nothing serves it:"
                " aws lambda delete-function --function-name orders --qualifier 7"
            ),
        ),
        (
            {
                "function": {"updated": "2026-01-01T00:00:00.000+0000"},
                "role": {"created": "2026-03-01T00:00:00+00:00"},
            },
            "missing-role",
            f"{UPDATE} --role {ROLE}",
        ),
    ],
)
def test_the_fix_is_a_command(fragment: dict[str, Any], rule: str, fix: str) -> None:
    fixes = [each.fix for each in engine.audit(account(fragment)).findings if each.rule == rule]

    assert fixes == [fix]


WITH_SETTINGS = f"""{written.FUNCTION}\
      Environment: {{Variables: {{PYTHONPATH: /tmp/lib}}}}
      Layers: ['arn:aws:lambda:us-east-1:444455556666:layer:numpy:3']
"""


def test_in_a_template_the_fix_says_where(tmp_path: Any) -> None:
    layer, variable = found(tmp_path, "", function=WITH_SETTINGS)
    template = tmp_path / "template.yaml"

    assert variable.fix == f"{template}:11: take `PYTHONPATH` out of `Environment` of `Orders`"
    assert layer.fix.partition("; or trust it")[0] == (
        f"{FETCH}{PUBLISH} and name what that publishes in `Layers` of `Orders` ({template}:12)"
    )
