"""The table of paths: facts that must fit the catalog, and what policies name of it."""

import pytest

from rolecall.escalation.paths import ACTIONS, PATHS, Kind, On, Path, of_kind, possible, unjudged
from rolecall.iam import catalog
from rolecall.iam.policy import parse
from tests.builders import allow, document


@pytest.mark.parametrize("action", sorted({name for path in PATHS for name in path.names}))
def test_the_catalog_has_every_action_as_it_is_written(action: str) -> None:
    known = catalog.action(action)

    assert known is not None
    assert known.name == action


def test_no_two_paths_have_one_name() -> None:
    ids = [path.id for path in PATHS]

    assert sorted(ids) == sorted(set(ids))


def test_no_path_is_left_out() -> None:
    assert tuple(path for kind in Kind for path in of_kind(kind)) == PATHS
    assert unjudged(PATHS) == ()


def test_a_path_with_an_action_that_the_catalog_lacks_is_a_gap() -> None:
    invented = Path("lambda-999", Kind.TAKE, (("lambda:InventFunction", On.FUNCTION),), "invents it")

    (gap,) = unjudged((invented,))

    assert gap.what == "rule workload-takeover"
    assert gap.why == "path `lambda-999` is not judged: the catalog lacks `lambda:InventFunction`"


@pytest.mark.parametrize(
    ("statement", "named"),
    [
        (allow("s3:GetObject"), frozenset()),
        (allow("IAM:passrole"), {"iam:passrole"}),
        (allow("iam:Pass*"), {"iam:passrole"}),
        (allow("*"), ACTIONS),
        ({"Effect": "Allow", "NotAction": "iam:PassRole", "Resource": "*"}, ACTIONS - {"iam:passrole"}),
        ({"Effect": "Deny", "Action": "*", "Resource": "*"}, frozenset()),
    ],
)
def test_a_policy_names_actions_of_the_table(statement: dict[str, object], named: frozenset[str]) -> None:
    assert possible(parse(document(statement), name="Example").allows) == named
