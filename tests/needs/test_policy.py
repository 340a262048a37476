"""The right policy: exactly what is needed, in few statements."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from rolecall.iam.access import Access, covers
from rolecall.iam.policy import parse
from rolecall.iam.wildcard import matches
from rolecall.model import Code
from rolecall.needs import Certainty, Need, Proof
from rolecall.needs.from_code import needs_of
from rolecall.needs.of import Needs, merged, of
from rolecall.needs.policy import propose
from rolecall.needs.references import References
from rolecall.reports.needs.sam import sam
from tests.needs.world import ACCOUNT, QUEUE, REGION, ROLE, Trigger, account, arn, call, function

ACTIONS = ("sqs:SendMessage", "sqs:ReceiveMessage", "s3:GetObject", "s3:PutObject", "dynamodb:PutItem")
HERE = References(ACCOUNT, REGION)
RESOURCES = (QUEUE, f"{QUEUE}-dead", "arn:aws:s3:::inbox/*", "arn:aws:s3:::inbox/in/*", "*")


def need(action: str, resource: str, certainty: Certainty = Certainty.MUST, kind: str = "code") -> Need:
    return Need(action, resource, certainty, Proof(kind, "app.py:7", "a test"))


needs = st.lists(
    st.builds(
        need,
        st.sampled_from(ACTIONS),
        st.sampled_from(RESOURCES),
        st.sampled_from((Certainty.MUST, Certainty.MAY)),
        st.sampled_from(("code", "trigger", "config")),
    ),
    min_size=1,
    max_size=8,
).map(lambda found: Needs(merged(found)))


@settings(max_examples=60, deadline=None)
@given(needs)
def test_a_proposal_allows_every_must_and_nothing_else(found: Needs) -> None:
    proposal = propose(found)
    alone = [{"Effect": "Allow", "Action": each.action, "Resource": each.resource} for each in found.must]
    if not alone:
        assert proposal.statements == ()
        return
    wanted = Access.of(parse({"Version": "2012-10-17", "Statement": alone}, name="needs"))
    proposed = Access.of(parse(proposal.document(), name="proposal"))

    assert proposal.proven
    assert covers(proposed, wanted)
    assert covers(wanted, proposed)


@settings(max_examples=60, deadline=None)
@given(needs)
def test_what_is_optional_is_needed_by_a_may(found: Needs) -> None:
    pairs = {(each.action, each.resource) for each in found.may}

    for each in propose(found).optional:
        assert {(action, resource) for action in each.actions for resource in each.resources} <= pairs


def test_statements_say_what_they_are_for() -> None:
    code = Code("folder", read=True, calls=(call("dynamodb", "PutItem", {"TableName": "orders"}),))
    proposal = propose(of(function(Trigger("sqs", QUEUE), code=code, tracing=True), account()))

    assert [each.sid for each in proposal.statements] == ["WriteLogs", "WriteTraces", "PollOrders", "CallDynamodb"]
    assert proposal.proven


def test_a_resource_that_is_not_known_is_open_and_nothing_is_proven() -> None:
    proposal = propose(Needs((need("dynamodb:PutItem", arn("dynamodb", "table/⟨env:TABLE⟩")),)))

    assert proposal.statements[0].resources == (arn("dynamodb", "table/*"),)
    assert (len(proposal.open), proposal.proven) == (1, False)
    assert proposal.why == "the resource of `dynamodb:PutItem` is not wholly known"


def test_a_policy_that_is_too_long_says_so() -> None:
    many = tuple(need("s3:GetObject", f"arn:aws:s3:::inbox-{number:04}/*") for number in range(400))

    assert not propose(Needs(many)).fits
    assert propose(Needs(many[:3])).fits


def test_sids_are_what_aws_takes() -> None:
    proposal = propose(Needs((need("sqs:SendMessage", QUEUE), need("sqs:ReceiveMessage", f"{QUEUE}-dead"))))

    assert [each.sid for each in proposal.statements] == ["CallSqs", "CallSqsSendMessage"]
    assert all(matches("Call*", each.sid) and each.sid.isalnum() for each in proposal.statements)


def test_sam_names_what_the_template_has() -> None:
    proposal = propose(Needs((need("sqs:SendMessage", QUEUE), need("s3:GetObject", "arn:aws:s3:::inbox/*"))))
    names = {QUEUE: "OrdersQueue.Arn", "arn:aws:s3:::inbox": "InputBucket.Arn"}
    text = sam(proposal, References(ACCOUNT, REGION, names=names))

    assert "Resource: !GetAtt OrdersQueue.Arn" in text
    assert "Resource: !Sub ${InputBucket.Arn}/*" in text


def test_sam_leaves_account_and_region_open() -> None:
    text = sam(propose(Needs((need("sqs:SendMessage", QUEUE),))), HERE)

    assert "!Sub arn:${AWS::Partition}:sqs:${AWS::Region}:${AWS::AccountId}:orders" in text


def test_sam_gives_what_is_optional_as_a_comment() -> None:
    text = sam(propose(Needs((need("sqs:SendMessage", QUEUE), need("sqs:ReceiveMessage", QUEUE, Certainty.MAY)))), HERE)

    assert "  # - PolicyName: CallSqsReceiveMessage" in text


@pytest.mark.parametrize(
    "resource",
    ["arn:aws:iam::999999999999:role/x", f"arn:aws:sqs:{REGION}:999999999999:orders", "arn:aws:iam::aws:policy/Read"],
)
def test_sam_leaves_what_is_of_another_account(resource: str) -> None:
    assert f"Resource: {resource}\n" in sam(propose(Needs((need("sts:AssumeRole", resource),))), HERE)


@pytest.mark.parametrize("region", ["eu-west-1", REGION])
def test_sam_leaves_a_region_that_the_code_wrote(region: str) -> None:
    made = call("dynamodb", "PutItem", {"TableName": "t", "region_name": region})
    found = Needs(needs_of(made, function(), account()))
    text = sam(propose(found), References.of([account()], ROLE, found.needs))

    assert f"!Sub arn:${{AWS::Partition}}:dynamodb:{region}:${{AWS::AccountId}}:table/t\n" in text


def test_sam_leaves_open_a_region_that_the_code_takes_from_lambda() -> None:
    made = call("dynamodb", "PutItem", {"TableName": "t", "region_name": "⟨env:AWS_REGION⟩"})

    assert [need.pinned for need in needs_of(made, function(), account())] == [False, False]


def test_an_alias_whose_key_is_not_known_is_not_proven_and_says_what_narrows_it() -> None:
    made = call("kms", "Encrypt", {"KeyId": "alias/app"})
    proposal = propose(Needs(needs_of(made, function(), account())))

    assert proposal.why == (
        "which key `alias/app` stands for is not known;"
        " a condition on `kms:ResourceAliases`, `alias/app`, narrows `kms:Encrypt` to it"
    )


def test_sam_names_in_a_comment_what_is_optional_on_something_that_is_not_known() -> None:
    text = sam(propose(Needs((need("kms:Decrypt", arn("kms", "key/⟨?⟩"), Certainty.MAY),))), HERE)

    assert f"  # kms:Decrypt on {arn('kms', 'key/⟨?⟩')} (app.py:7: a test)" in text.splitlines()
