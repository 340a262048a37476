"""A function, its account and its calls, as tests of needs want them."""

from collections.abc import Mapping
from typing import Any

from rolecall.iam.policy import parse
from rolecall.model import Account, Call, Function, Resource, Role, Settings, Target, Trigger
from rolecall.needs import Need
from rolecall.needs.from_code import needs_of
from tests.builders import ACCOUNT, FUNCTION, QUEUE, REGION, ROLE, document

Parameters = Mapping[str, str | tuple[str, ...]]

KEY = f"arn:aws:kms:{REGION}:{ACCOUNT}:key/1234abcd"


def arn(service: str, rest: str) -> str:
    """An ARN in the account and region of all tests."""
    return f"arn:aws:{service}:{REGION}:{ACCOUNT}:{rest}"


def function(
    *triggers: Trigger, code: Any = None, environment: dict[str, str] | None = None, **settings: Any
) -> Function:
    """The function `orders`."""
    made = Settings(environment=tuple((environment or {}).items()), **settings)
    return Function("orders", "orders", FUNCTION, ROLE, triggers=triggers, settings=made, code=code)


def account(
    *resources: Resource, statements: tuple[dict[str, Any], ...] = (), boundary: Any = None, **more: Any
) -> Account:
    """The account, with what was read of it and what the role of `orders` allows."""
    policies = (parse(document(*statements), name="own"),) if statements else ()
    role = Role(ROLE, policies, boundary=boundary)
    return Account(ACCOUNT, REGION, "a test", resources=resources, roles=(role,), **more)


def call(service: str, operation: str, parameters: Parameters | None = None, **more: Any) -> Call:
    """A call in line 7 of app.py."""
    given = ((name, (each,) if isinstance(each, str) else each) for name, each in (parameters or {}).items())
    return Call(service, operation, "app.py:7", tuple(given), **more)


def needed(made: Call, of: Function | None = None, within: Account | None = None) -> set[tuple[str, str, str]]:
    """(action, resource, certainty) of a call; those of keys that are not known apart."""
    found = needs_of(made, of or function(), within or account())
    return {row(need) for need in found if not (need.action.startswith("kms:") and "⟨" in need.resource)}


def row(need: Need) -> tuple[str, str, str]:
    """A need in short."""
    return need.action, need.resource, need.certainty.value


__all__ = ["ACCOUNT", "FUNCTION", "KEY", "QUEUE", "REGION", "ROLE", "Resource", "Target", "Trigger"]
