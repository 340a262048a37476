"""Reading an account: complete, or with a gap for each part that could not be read."""

from collections.abc import Iterator
from typing import Any

import pytest
from moto import mock_aws

from rolecall.changes import Change, Trace
from rolecall.sources import SourceError
from rolecall.sources.aws import read
from tests.sources.world import ACCOUNT, REGION, arn, make_function, make_orders, make_role, open_session, world


@pytest.fixture
def session(monkeypatch: pytest.MonkeyPatch) -> Iterator[Any]:
    """An account with the function `orders`: role, all kinds of policies, resource policy, mapping."""
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.setenv(name, "test")
    with mock_aws():
        session = open_session()
        make_orders(session)
        yield session


def test_a_function_is_read_with_all_that_decides(session: Any) -> None:
    account = world(session).read()
    function, live = account.functions
    (role,) = account.roles

    assert list(account.all_gaps()) == []
    assert [(each.qualifier, each.version) for each in (function, live)] == [(None, None), ("live", "1")]
    assert function.tags == (("team", "shop"),)
    assert [(trigger.type, trigger.source) for trigger in function.triggers] == [
        ("sqs", f"arn:aws:sqs:{REGION}:{ACCOUNT}:orders")
    ]
    assert function.resource_policy is not None
    assert function.resource_policy.allows[0].services == ("events.amazonaws.com",)
    assert [policy.name for policy in role.policies] == ["poll", f"arn:aws:iam::{ACCOUNT}:policy/shared"]
    assert role.boundary is not None
    assert role.trust is not None
    assert role.used_by == (function.id,)


def test_a_role_knows_its_users_also_those_that_are_not_read(session: Any) -> None:
    make_function(session, "invoices", f"arn:aws:iam::{ACCOUNT}:role/orders")
    account = read(session, functions=["orders"])

    assert {function.name for function in account.functions} == {"orders"}
    assert [user.rpartition(":")[2] for user in account.roles[0].used_by] == ["invoices", "orders"]


def test_a_role_that_does_not_exist_is_a_gap(session: Any) -> None:
    iam = session.client("iam")
    role = make_role(session, "short")
    make_function(session, "invoices", role)
    iam.delete_role(RoleName="short")

    gaps = world(session).read().all_gaps()
    assert [(gap.what, gap.why) for gap in gaps] == [("missing role", "the role does not exist")]


def change(**named: Any) -> Change:
    return Change("e", "Event", "2026-01-31T03:00:00Z", "ada", ACCOUNT, REGION, **named)


@pytest.mark.parametrize(
    ("named", "touched"),
    [
        ({"functions": ("orders",)}, ["orders"]),
        ({"functions": ("gone",)}, ["gone"]),
        ({"roles": ("orders",)}, ["orders"]),
        ({"roles": ("other",)}, ["invoices"]),
        ({"policies": (f"arn:aws:iam::{ACCOUNT}:policy/shared",)}, ["orders"]),
        ({"policies": (f"arn:aws:iam::{ACCOUNT}:policy/absent",)}, []),
        ({"everything": True}, ["invoices", "orders"]),
    ],
)
def test_a_change_touches_the_functions_that_use_what_it_names(
    named: dict[str, Any], touched: list[str], session: Any
) -> None:
    make_function(session, "invoices", make_role(session, "other"))

    found = world(session).touched(change(**named))

    assert sorted(arn.rpartition(":")[2] for arn in found) == touched


def test_a_name_that_no_function_has_is_said(session: Any) -> None:
    with pytest.raises(SourceError, match="no function `nothing` in account 123456789012, us-east-1"):
        read(session, functions=["nothing"])


def test_lists_are_read_to_their_last_page(session: Any) -> None:
    role = make_role(session, "many")
    for number in range(60):
        make_function(session, f"many-{number}", role)

    assert len({function.id for function in world(session).read().functions}) == 61


class Stale:
    """An index that has not heard yet who moved where."""

    complete = True

    def users(self, name: str) -> frozenset[str]:
        moved = {"role/orders": {"orders", "invoices"}, "role/other": set[str]()}
        return frozenset(arn("lambda", f"function:{each}") for each in moved[name])

    def wired(self, function: str) -> tuple[str, ...]:
        return ()


def test_who_moved_away_from_a_role_uses_the_one_that_was_read(session: Any) -> None:
    make_function(session, "invoices", make_role(session, "other"))
    reading = world(session, index=Stale())
    (moved,) = reading.read({arn("lambda", "function:invoices")}).roles
    (left,) = reading.read({arn("lambda", "function:orders")}).roles

    assert moved.used_by == (arn("lambda", "function:invoices"),)
    assert left.used_by == (arn("lambda", "function:orders"),)


def test_functions_that_share_a_rule_have_it_each(session: Any) -> None:
    make_function(session, "invoices", make_role(session, "other"))
    events = session.client("events")
    events.put_rule(Name="shared", EventPattern='{"source": ["shop"]}')
    targets = [arn("lambda", f"function:{name}") for name in ("orders", "invoices", "orders:live")]
    events.put_targets(Rule="shared", Targets=[{"Id": str(i), "Arn": each} for i, each in enumerate(targets)])

    account = world(session).read({arn("lambda", "function:orders"), arn("lambda", "function:invoices")})
    named = {each.qualified_arn for each in account.functions if "eventbridge" in {t.type for t in each.triggers}}
    assert named == set(targets)


def test_a_statement_on_a_version_that_nothing_serves_is_read_when_an_event_names_it(session: Any) -> None:
    session.client("lambda").add_permission(
        FunctionName="orders", StatementId="open", Action="lambda:InvokeFunction", Principal="*", Qualifier="1"
    )
    reading = world(session)
    (touched,) = reading.touched(change(functions=("orders",), trace=Trace("permission", "open", qualifier="1")))

    assert [each.qualifier for each in reading.read({touched}).functions] == [None, "1", "live"]


SOURCES = [
    ("s3", "arn:aws:s3:::inbox"),
    ("sns", arn("sns", "orders")),
    ("logs", arn("logs", "log-group:/shop/orders:*")),
    ("events", arn("events", "rule/shop/orders")),
    ("events", arn("events", "rule/orders-*")),
]


@pytest.mark.parametrize(("service", "source"), SOURCES)
def test_a_function_is_read_whatever_source_its_policy_names(service: str, source: str, session: Any) -> None:
    session.client("lambda").add_permission(
        FunctionName="orders",
        StatementId="named",
        Action="lambda:InvokeFunction",
        Principal=f"{service}.amazonaws.com",
        SourceArn=source,
    )
    account = world(session).read({arn("lambda", "function:orders")})

    assert {gap.what for gap in account.all_gaps()} <= {"trigger sources"}
    assert account.functions[0].resource_policy is not None
