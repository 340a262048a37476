"""What resources are called before they are deployed, also those of types without a row."""

import pytest

from rolecall.sources.template.intrinsics import Resolver

VALUES = {
    "AWS::AccountId": "111122223333",
    "AWS::Partition": "aws",
    "AWS::Region": "eu-west-1",
    "AWS::StackName": "shop",
    "AWS::URLSuffix": "amazonaws.com",
}
HERE = "eu-west-1:111122223333"


@pytest.mark.parametrize(
    ("kind", "properties", "name", "arn"),
    [
        (
            "AWS::Timestream::Table",
            {"DatabaseName": "fleet", "TableName": "readings"},
            "readings",
            f"arn:aws:timestream:{HERE}:database/fleet/table/readings",
        ),
        ("AWS::Timestream::Database", {}, "shop-It", f"arn:aws:timestream:{HERE}:database/shop-It"),
        (
            "AWS::OpenSearchService::Domain",
            {"DomainName": "search"},
            "search",
            f"arn:aws:es:{HERE}:domain/search",
        ),
        ("AWS::Athena::WorkGroup", {"Name": "reports"}, "reports", f"arn:aws:athena:{HERE}:workgroup/reports"),
        (
            "AWS::Bedrock::KnowledgeBase",
            {"Name": "docs"},
            "shop-It",
            f"arn:aws:bedrock:{HERE}:knowledge-base/shop-It",
        ),
        (
            "AWS::SES::ReceiptRule",
            {"RuleSetName": "inbound", "Rule": {"Name": "support"}},
            "support",
            f"arn:aws:ses:{HERE}:receipt-rule-set/inbound:receipt-rule/support",
        ),
        (
            "AWS::RDS::DBInstance",
            {"DBInstanceIdentifier": "orders"},
            "orders",
            f"arn:aws:rds:{HERE}:db:orders",
        ),
        ("AWS::New::Thing", {"Name": "a"}, "shop-It", f"arn:aws:new:{HERE}:thing/shop-It"),
    ],
)
def test_a_resource_is_called_as_it_says_or_as_the_catalog_has_it(
    kind: str, properties: dict[str, object], name: str, arn: str
) -> None:
    body = {"Resources": {"It": {"Type": kind, "Properties": properties}}}
    resolver = Resolver("shop.yaml", body, VALUES, exports=lambda name: None)

    assert (resolver.value({"Ref": "It"}), resolver.value({"Fn::GetAtt": "It.Arn"})) == (name, arn)


def test_the_id_of_a_resource_is_what_ref_gives() -> None:
    body = {"Resources": {"It": {"Type": "AWS::Bedrock::KnowledgeBase", "Properties": {"Name": "docs"}}}}
    resolver = Resolver("shop.yaml", body, VALUES, exports=lambda name: None)

    assert resolver.value({"Fn::GetAtt": "It.KnowledgeBaseId"}) == resolver.value({"Ref": "It"})
