"""Policy documents: the one place where IAM JSON is read.

It takes what AWS accepts (IAM User Guide, "Grammar of the IAM JSON policy language" and "IAM policy validation
check reference") and refuses the rest with a `PolicyError` that says where and what instead.
"""

import json
from collections.abc import Iterator, Sequence
from typing import Any

from rolecall.iam.statement import (
    OPERATORS,
    UNRESOLVED,
    Condition,
    Effect,
    Kind,
    Place,
    Policy,
    PolicyError,
    Principal,
    Statement,
)

__all__ = [
    "OPERATORS",
    "Condition",
    "Effect",
    "Kind",
    "Place",
    "Policy",
    "PolicyError",
    "Principal",
    "Statement",
    "parse",
]

LONGEST = 1_000_000
"""Characters of a text that is read as a document."""

LARGEST, LARGEST_IDENTITY = 40_000, 160_000
"""Characters of a policy without white space, with room to spare. AWS takes at most 32,768 of one with principals (a
key's; 20,480 of a function's) and 10,240 of others, and writes managed ones of its own of 152,297."""

WITHOUT_RESOURCE = (Kind.RESOURCE, Kind.TRUST, Kind.ENDPOINT)
VERSIONS = ("2012-10-17", "2008-10-17")

_DOCUMENT = {name.lower(): name for name in ("Version", "Id", "Statement")}
_STATEMENT = {
    name.lower(): name
    for name in (
        "Sid",
        "Effect",
        "Principal",
        "NotPrincipal",
        "Action",
        "NotAction",
        "Resource",
        "NotResource",
        "Condition",
    )
}
_PRINCIPALS = {name.lower(): name for name in ("AWS", "Service", "Federated", "CanonicalUser")}
_OPERATORS = {name.lower(): name for name in OPERATORS}
_SET_OPERATORS = {"forallvalues": "ForAllValues", "foranyvalue": "ForAnyValue"}


def parse(document: object, *, name: str, kind: Kind = Kind.IDENTITY, places: Sequence[Place | None] = ()) -> Policy:
    """The policy that a document says.

    Parameters
    ----------
    document
        JSON text, or the value that such text stands for.
    name
        What the policy is called in messages and findings: an inline policy's name, a managed policy's ARN,
        `resource`, `trust`, `boundary`.
    kind
        Where the policy is attached: decides whether it has principals and must name resources.
    places
        Where each statement was written, in their order, if that is known.

    Raises
    ------
    PolicyError
        AWS would refuse the document.

    Examples
    --------
    >>> policy = parse('{"Statement": {"Effect": "Allow", "Action": "s3:*", "Resource": "*"}}', name="inbox")
    >>> policy.version, policy.allows[0].actions
    ('2008-10-17', ('s3:*',))
    """
    value = decode(document, name) if isinstance(document, str) else document
    elements = _elements(value, _DOCUMENT, where=name, what="the policy")
    version = elements.get("Version", "2008-10-17")
    if version not in VERSIONS:
        raise PolicyError(f"{name}: Version is {_shown(version)}, not {' or '.join(map(_shown, VERSIONS))}")
    if not isinstance(elements.get("Id", ""), str):
        raise PolicyError(f"{name}: Id is {_shown(elements['Id'])}, not a string")
    if "Statement" not in elements:
        raise PolicyError(f"{name}: has no Statement")
    written = elements["Statement"] if isinstance(elements["Statement"], list) else [elements["Statement"]]
    if not written:
        raise PolicyError(f"{name}: Statement is empty, it needs at least one")
    where = [*places, *[None] * len(written)]
    statements = tuple(_statement(each, name, index, kind, version, where[index]) for index, each in enumerate(written))
    _refuse_repeated_sids(statements, name)
    policy = Policy(name, kind, version, statements)
    size = len(json.dumps(policy.document(), separators=(",", ":"), ensure_ascii=False))
    most = LARGEST if kind.names_principals else LARGEST_IDENTITY
    if size > most:
        raise PolicyError(f"{name}: is {size:,} characters long without white space, not at most {most:,}")
    return policy


def decode(text: str, name: str) -> object:
    """The value that JSON text stands for; a PolicyError for text that is none, or has a key twice in an object."""
    if len(text) > LONGEST:
        raise PolicyError(f"{name}: is {len(text):,} characters long, not at most {LONGEST:,}")
    try:
        return json.loads(text, object_pairs_hook=_once, parse_constant=_refuse_constant)
    except RecursionError:
        raise PolicyError(f"{name}: is nested too deeply") from None
    except _RepeatedKey as repeated:
        raise PolicyError(f"{name}: has {_shown(repeated.args[0])} twice in one object") from None
    except json.JSONDecodeError as error:
        raise PolicyError(f"{name}: is no JSON: {error.msg} in line {error.lineno}, column {error.colno}") from None
    except ValueError as error:
        raise PolicyError(f"{name}: is no JSON: {str(error).split(';')[0]}") from None


class _RepeatedKey(ValueError):
    pass


def _once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    decoded: dict[str, Any] = {}
    for key, value in pairs:
        if key in decoded:
            raise _RepeatedKey(key)
        decoded[key] = value
    return decoded


def _refuse_constant(constant: str) -> object:
    raise ValueError(f"{constant} is no JSON number")


def _statement(value: object, policy: str, index: int, kind: Kind, version: str, place: Place | None) -> Statement:
    where = f"{policy}, statement {index + 1}"
    elements = _elements(value, _STATEMENT, where=where, what="the statement")
    sid = elements.get("Sid")
    if sid is not None and not isinstance(sid, str):
        raise PolicyError(f"{where}: Sid is {_shown(sid)}, not a string")
    if "Effect" not in elements:
        raise PolicyError(f'{where}: has no Effect, it needs "Allow" or "Deny"')
    if elements["Effect"] not in ("Allow", "Deny"):
        raise PolicyError(f'{where}: Effect is {_shown(elements["Effect"])}, not "Allow" or "Deny"')
    for element in ("Action", "Resource", "Principal"):
        if element in elements and f"Not{element}" in elements:
            raise PolicyError(f"{where}: has both {element} and Not{element}, not one of them")
    _check_presence(elements, kind, where)
    return Statement(
        policy=policy,
        index=index,
        sid=sid,
        effect=Effect(elements["Effect"]),
        actions=_actions(elements, "Action", where),
        not_actions=_actions(elements, "NotAction", where),
        resources=_resources(elements, "Resource", where, kind),
        not_resources=_resources(elements, "NotResource", where, kind),
        principals=tuple(_principals(elements, "Principal", where)),
        not_principals=tuple(_principals(elements, "NotPrincipal", where)),
        conditions=tuple(_conditions(elements.get("Condition", {}), where)),
        kind=kind,
        version=version,
        place=place,
    )


def _check_presence(elements: dict[str, Any], kind: Kind, where: str) -> None:
    """Which elements a statement needs, and which it may not have, where the policy is attached."""
    if "Action" not in elements and "NotAction" not in elements:
        raise PolicyError(f"{where}: has no Action, it needs Action or NotAction")
    names_resource = "Resource" in elements or "NotResource" in elements
    if kind not in WITHOUT_RESOURCE and not names_resource:
        raise PolicyError(f"{where}: has no Resource, it needs Resource or NotResource")
    if kind is Kind.TRUST and names_resource:
        raise PolicyError(f"{where}: has a Resource, but a trust policy is about the role that it stands on")
    names_principal = "Principal" in elements or "NotPrincipal" in elements
    if kind.names_principals and not names_principal:
        raise PolicyError(f"{where}: has no Principal, it needs Principal or NotPrincipal")
    if not kind.names_principals and names_principal:
        raise PolicyError(f"{where}: has a Principal, but the principal is the one that the policy is attached to")


def _actions(elements: dict[str, Any], element: str, where: str) -> tuple[str, ...]:
    actions = _texts(elements, element, where)
    for action in actions:
        vendor, colon, verb = action.partition(":")
        if action.strip("*") and (not vendor or not colon or not verb or ":" in verb):
            raise PolicyError(f'{where}: {element} has {_shown(action)}, not "*" or "service:name"')
    return actions


def _resources(elements: dict[str, Any], element: str, where: str, kind: Kind) -> tuple[str, ...]:
    resources = _texts(elements, element, where)
    if kind in WITHOUT_RESOURCE:
        return resources
    for resource in resources:
        if resource.strip("*") and not resource.startswith(("arn:", UNRESOLVED)):
            raise PolicyError(f'{where}: {element} has {_shown(resource)}, not an ARN or "*"')
    return resources


def _texts(elements: dict[str, Any], element: str, where: str) -> tuple[str, ...]:
    if element not in elements:
        return ()
    written = elements[element]
    texts = written if isinstance(written, list) else [written]
    for text in texts:
        if not isinstance(text, str) or not text:
            raise PolicyError(f"{where}: {element} has {_shown(text)}, not a string or a list of strings")
    if not texts:
        raise PolicyError(f"{where}: {element} is empty, it needs at least one")
    return tuple(texts)


def _principals(elements: dict[str, Any], element: str, where: str) -> Iterator[Principal]:
    if element not in elements:
        return
    if elements[element] == "*":
        yield Principal("*", "*")
        return
    if not isinstance(elements[element], dict):
        raise PolicyError(
            f'{where}: {element} is {_shown(elements[element])}, not "*" or an object such as {{"AWS": …}}'
        )
    members = _elements(elements[element], _PRINCIPALS, where=where, what=element)
    if not members:
        raise PolicyError(f"{where}: {element} is empty, it needs at least one")
    for kind, written in members.items():
        if written == []:
            raise PolicyError(f"{where}: {element} {kind} is empty, it needs at least one")
        for value in written if isinstance(written, list) else [written]:
            if not isinstance(value, str) or not value:
                raise PolicyError(f"{where}: {element} {kind} has {_shown(value)}, not a string or a list of strings")
            yield Principal(kind, value)


def _conditions(value: object, where: str) -> Iterator[Condition]:
    if not isinstance(value, dict):
        raise PolicyError(f"{where}: Condition is {_shown(value)}, not an object of operators")
    for written, tests in value.items():
        operator, set_operator, if_exists = _operator(written, where)
        if not isinstance(tests, dict):
            raise PolicyError(f"{where}: {written} is {_shown(tests)}, not an object of condition keys")
        keys: set[str] = set()
        for key, values in tests.items():
            if not isinstance(key, str) or ":" not in key:
                raise PolicyError(f'{where}: {written} has the key {_shown(key)}, not one such as "aws:SourceArn"')
            if key.lower() in keys:
                raise PolicyError(f"{where}: {written} has {_shown(key)} twice (case does not matter)")
            keys.add(key.lower())
            yield Condition(operator, set_operator, if_exists, key, _values(values, f"{where}: {written} {key}"))


def _operator(written: object, where: str) -> tuple[str, str | None, bool]:
    head, colon, tail = str(written).lower().rpartition(":")
    set_operator = _SET_OPERATORS.get(head) if colon else None
    if_exists = tail.endswith("ifexists")
    operator = _OPERATORS.get(tail.removesuffix("ifexists"))
    if not isinstance(written, str) or operator is None or (colon and set_operator is None):
        raise PolicyError(f"{where}: Condition has the operator {_shown(written)}, which AWS does not know")
    if operator == "Null" and if_exists:
        raise PolicyError(f"{where}: Condition has {_shown(written)}: Null asks whether a key exists, without IfExists")
    return operator, set_operator, if_exists


def _values(written: object, where: str) -> tuple[str, ...]:
    return tuple(scalar(value, where) for value in (written if isinstance(written, list) else [written]))


def scalar(value: object, where: str) -> str:
    """The text of a condition value: a string, a truth value or a number."""
    if isinstance(value, str):
        return value
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, int) and value.bit_length() <= 1024:
        return str(value)
    if isinstance(value, float) and abs(value) < float("inf"):
        return str(value)
    raise PolicyError(f"{where} is {_shown(value)}, not a string or a list of strings")


def _elements(value: object, known: dict[str, str], *, where: str, what: str) -> dict[str, Any]:
    """The members of an object under their proper names: AWS reads the names of elements in any case."""
    if not isinstance(value, dict):
        raise PolicyError(f"{where}: {what} is {_shown(value)}, not an object")
    found: dict[str, Any] = {}
    for key, member in value.items():
        name = known.get(key.lower()) if isinstance(key, str) else None
        if name is None:
            raise PolicyError(f"{where}: {what} has the element {_shown(key)}, not one of {', '.join(known.values())}")
        if name in found:
            raise PolicyError(f"{where}: {what} has {name} twice")
        found[name] = member
    return found


def _refuse_repeated_sids(statements: tuple[Statement, ...], name: str) -> None:
    seen: set[str] = set()
    for statement in statements:
        if statement.sid and statement.sid in seen:
            raise PolicyError(f"{name}: has the Sid {_shown(statement.sid)} twice, each must be unique")
        seen.add(statement.sid or "")


def _shown(value: object) -> str:
    """A value as JSON, cut to what fits a line."""
    if isinstance(value, str):
        return json.dumps(value[:80], ensure_ascii=False)
    if isinstance(value, dict | list):
        return "an object" if isinstance(value, dict) else "a list"
    if value is None or isinstance(value, bool):
        return json.dumps(value)
    if isinstance(value, int) and value.bit_length() > 200:
        return "a large number"
    return repr(value)[:80]
