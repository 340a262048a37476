"""What GetFunction tells beside the configuration."""

import pytest

from rolecall.sources.aws.configuration import configured, with_code
from tests.builders import FUNCTION, ROLE

IMAGE = {"FunctionName": "orders", "FunctionArn": FUNCTION, "Role": ROLE, "PackageType": "Image"}
REGISTRY = "111122223333.dkr.ecr.us-east-1.amazonaws.com"


@pytest.mark.parametrize(
    ("code", "source"),
    [
        ({"ImageUri": f"{REGISTRY}/shop/orders:live"}, "arn:aws:ecr:us-east-1:111122223333:repository/shop/orders"),
        ({"ImageUri": f"{REGISTRY}/shop/orders@sha256:{'0' * 64}"}, None),
        ({"Location": "https://awslambda-us-east-1-tasks.s3.us-east-1.amazonaws.com/snapshots/orders"}, None),
    ],
)
def test_the_repository_of_an_image_is_where_it_is_deployed_from(code: dict[str, str], source: str | None) -> None:
    function = with_code(configured(IMAGE), {"Code": code})

    assert function.code
    assert function.code.source == source
