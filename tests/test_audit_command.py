"""`rolecall audit` end to end, of what code calls: on a template, and on an account."""

import json
from pathlib import Path
from typing import Any

import boto3
import pytest
from moto import mock_aws

from rolecall.cli import main
from tests.sources.bucket import opened
from tests.sources.world import answer_lacking, make_function, make_role

CODE = """import boto3
def handler(event, context):
    boto3.client("sqs").purge_queue(QueueUrl="https://sqs.us-east-1.amazonaws.com/123456789012/orders")
"""
SEARCHED = "0 triggers, 3 needs of settings, 1 calls in 1 files"
TEMPLATE = """
Transform: AWS::Serverless-2016-10-31
Resources:
  Worker:
    Type: AWS::Serverless::Function
    Properties:
      Runtime: python3.13
      Handler: app.handler
      CodeUri: src
      Policies:
        - Statement: [{Effect: Allow, Action: sns:Publish, Resource: 'arn:aws:sns:us-east-1:123456789012:news'}]
"""


def test_a_template_is_held_against_its_code(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "src").mkdir()
    (tmp_path / "src" / "app.py").write_text(CODE)
    (tmp_path / "template.yaml").write_text(TEMPLATE)

    assert main(["audit", "--format", "json"]) == 1
    found = {each["rule"]: each for each in json.loads(capsys.readouterr().out)["findings"]}
    assert found["denied-call"]["actions"] == ["sqs:PurgeQueue"]
    assert found["unneeded-grant"]["actions"] == ["sns:Publish"]
    assert found["unneeded-grant"]["evidence"]["searched"] == SEARCHED


def test_an_account_is_held_against_its_code(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    with opened() as bucket, mock_aws():
        settings = {"AWS_ACCESS_KEY_ID": "test", "AWS_SECRET_ACCESS_KEY": "test", "AWS_DEFAULT_REGION": "us-east-1"}
        for name, value in {**settings, "AWS_ENDPOINT_URL_LAMBDA": bucket.home}.items():
            monkeypatch.setenv(name, value)
        session = boto3.Session()
        answer_lacking(session)
        bucket.serve(session)
        bucket.texts["worker"] = CODE
        make_function(session, "worker", make_role(session, "worker"))
        taken: Any = lambda **_: session  # noqa: E731  the command makes a session of its own
        monkeypatch.setattr(boto3, "Session", taken)
        status = main(["audit", "--account", "--function", "worker"])

    assert status == 1
    assert "[denied-call]" in capsys.readouterr().out
