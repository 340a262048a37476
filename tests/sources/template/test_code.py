"""The code of a template's functions: in folders, archives, layers and in the template itself."""

import json
from pathlib import Path
from typing import Any

import pytest

from rolecall.model import Function
from rolecall.sources import template
from tests.sources.test_code import CALL, zipped

IMAGE = {"Runtime": "", "Handler": ""}


def read(folder: Path, more: dict[str, Any] | None = None, **properties: Any) -> Function:
    plain = {"Runtime": "python3.13", "Handler": "app.handler", "Role": "arn:aws:iam::123456789012:role/orders"}
    given = {name: value for name, value in {**plain, **properties}.items() if value}
    function = {"Type": "AWS::Serverless::Function", "Properties": given}
    body = {"Transform": "AWS::Serverless-2016-10-31", "Resources": {"Orders": function, **(more or {})}}
    (folder / "template.json").write_text(json.dumps(body))
    (account,) = template.read([folder / "template.json"])
    return account.functions[0]


def operations(function: Function) -> list[str]:
    return [call.operation for call in function.code.calls] if function.code else []


def test_a_folder_is_analysed(tmp_path: Path) -> None:
    (tmp_path / "app.py").write_text(CALL)

    assert operations(read(tmp_path, CodeUri=".")) == ["PurgeQueue"]


def test_an_archive_is_analysed(tmp_path: Path) -> None:
    (tmp_path / "orders.zip").write_bytes(zipped(("app.py", CALL)))

    assert operations(read(tmp_path, CodeUri="orders.zip")) == ["PurgeQueue"]


def test_inline_code_is_analysed(tmp_path: Path) -> None:
    assert operations(read(tmp_path, InlineCode=CALL, Handler="index.handler")) == ["PurgeQueue"]


def test_a_layer_of_the_template_is_analysed_with_it(tmp_path: Path) -> None:
    (tmp_path / "src").mkdir()
    (tmp_path / "src" / "app.py").write_text("from shop import handler")
    (tmp_path / "shop.zip").write_bytes(zipped(("python/shop.py", CALL)))
    layer = {"Shop": {"Type": "AWS::Serverless::LayerVersion", "Properties": {"ContentUri": "shop.zip"}}}

    assert operations(read(tmp_path, layer, CodeUri="src", Layers=[{"Ref": "Shop"}])) == ["PurgeQueue"]


def test_a_layer_that_cannot_be_read_is_a_gap(tmp_path: Path) -> None:
    (tmp_path / "app.py").write_text(CALL)
    (tmp_path / "shop.zip").write_text("no zip")
    layer = {"Shop": {"Type": "AWS::Serverless::LayerVersion", "Properties": {"ContentUri": "shop.zip"}}}
    (gap,) = read(tmp_path, layer, CodeUri=".", Layers=[{"Ref": "Shop"}]).gaps

    assert gap.why.endswith("shop.zip` is no zip archive that can be read: File is not a zip file")


def test_a_broken_archive_is_a_gap_and_the_code_counts_as_unread(tmp_path: Path) -> None:
    (tmp_path / "orders.zip").write_text("no zip")
    function = read(tmp_path, CodeUri="orders.zip")

    assert function.code
    assert not function.code.read
    assert [gap.why.partition("` ")[2] for gap in function.gaps] == [
        "is no zip archive that can be read: File is not a zip file"
    ]


@pytest.mark.parametrize(
    ("properties", "why"),
    [
        ({"CodeUri": ".", "Runtime": "nodejs22.x"}, "code for `nodejs22.x` is not analysed, only Python is"),
        (
            {"PackageType": "Image", "ImageUri": "123456789012.dkr.ecr.us-east-1.amazonaws.com/a:1", **IMAGE},
            "container images are not analysed",
        ),
        ({"CodeUri": "s3://bucket/key"}, "it is not on this machine, so what it calls is not known"),
    ],
)
def test_what_is_not_analysed_is_a_known_limit(properties: dict[str, Any], why: str, tmp_path: Path) -> None:
    (gap,) = read(tmp_path, **properties).gaps

    assert (gap.what, gap.why, gap.mendable) == ("code", why, False)


def test_what_a_template_calls_an_arn_is_known(tmp_path: Path) -> None:
    (tmp_path / "app.py").write_text(CALL)
    body = {"Queue": {"Type": "AWS::SQS::Queue"}, "Topic": {"Type": "AWS::SNS::Topic"}}
    read(tmp_path, body, CodeUri=".")
    (account,) = template.read([tmp_path / "template.json"])
    names = {name for _, name in account.names}

    assert names >= {"Queue.Arn", "Topic"}


REGISTRY = "123456789012.dkr.ecr.us-east-1.amazonaws.com"
ORDERS = "arn:aws:ecr:us-east-1:123456789012:repository/orders"


@pytest.mark.parametrize(
    ("properties", "source"),
    [
        ({"CodeUri": "s3://builds/orders.zip"}, "arn:aws:s3:::builds/orders.zip"),
        ({"CodeUri": {"Bucket": "builds", "Key": "orders.zip"}}, "arn:aws:s3:::builds/orders.zip"),
        ({"CodeUri": {"Bucket": "builds", "Key": "orders.zip", "Version": "v1"}}, None),
        ({"CodeUri": {"Bucket": {"Ref": "Builds"}, "Key": "a"}}, "arn:aws:s3:::builds/a"),
        ({"PackageType": "Image", "ImageUri": f"{REGISTRY}/orders:live", **IMAGE}, ORDERS),
        ({"PackageType": "Image", "ImageUri": f"{REGISTRY}/orders", **IMAGE}, ORDERS),
        ({"PackageType": "Image", "ImageUri": f"{REGISTRY}/orders@sha256:{'0' * 64}", **IMAGE}, None),
        ({"PackageType": "Image", "ImageUri": {"Fn::Sub": "${Images.RepositoryUri}:live"}, **IMAGE}, ORDERS),
        ({"InlineCode": "", "Handler": "index.handler"}, None),
    ],
)
def test_where_a_function_is_deployed_from(tmp_path: Path, properties: dict[str, Any], source: str | None) -> None:
    more = {
        "Builds": {"Type": "AWS::S3::Bucket", "Properties": {"BucketName": "builds"}},
        "Images": {"Type": "AWS::ECR::Repository", "Properties": {"RepositoryName": "orders"}},
    }
    code = read(tmp_path, more, **properties).code

    assert code
    assert code.source == source


def test_where_the_cdk_puts_the_code_is_known_beside_the_code_itself(tmp_path: Path) -> None:
    (tmp_path / "asset.1").mkdir()
    (tmp_path / "asset.1" / "index.py").write_text(CALL)
    function = {
        "Type": "AWS::Lambda::Function",
        "Properties": {"Code": {"S3Bucket": {"Fn::Sub": "cdk-assets-${AWS::AccountId}"}, "S3Key": "1.zip"}}
        | {"Runtime": "python3.13", "Handler": "index.handler", "Role": "arn:aws:iam::123456789012:role/orders"},
        "Metadata": {"aws:asset:path": "asset.1", "aws:asset:property": "Code"},
    }
    (tmp_path / "template.json").write_text(json.dumps({"Resources": {"Orders": function}}))
    ((orders,),) = [account.functions for account in template.read([tmp_path / "template.json"])]

    assert orders.code
    assert (operations(orders), orders.code.source) == (["PurgeQueue"], "arn:aws:s3:::cdk-assets-123456789012/1.zip")
