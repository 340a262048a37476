"""Needs from code: the actions and resources of each call that the code can make.

A need is MUST where the call is certain and can only mean one resource. Where a parameter has several values (they may
be alternatives) each resource is a MAY; so is what a service needs in some accounts only. What neither the table nor
the catalog knows is UNKNOWN for its service, and never a guess.
"""

import re
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from email.utils import parseaddr

from rolecall.iam import catalog
from rolecall.model import Account, Call, Function
from rolecall.needs import Certainty, Need, Proof
from rolecall.needs.behalf import Further, further
from rolecall.needs.keys import uses
from rolecall.needs.operations import OPERATIONS, VERBS, Act
from rolecall.needs.parameters import Given, steps
from rolecall.needs.prefixes import prefix_of
from rolecall.needs.resources import Place, arn_of, places

ANYTHING = "⟨?⟩"
STATEMENTS = {"select": "Select", "insert": "Insert", "update": "Update", "delete": "Delete", "exists": "Select"}
TRANSACTED = {"conditioncheck": "ConditionCheckItem", "delete": "DeleteItem", "put": "PutItem", "update": "UpdateItem"}
TABLE = re.compile(
    r"""^\s*(?:select\b.*?\bfrom|insert\s+into|update|delete\s+from)\s+["']?([\w⟨⟩:?-]+(?:\.[\w-]+)*)["']?(?:\.["']([\w.-]+)["'])?""",
    re.I | re.S,
)


def needs_of(call: Call, function: Function, account: Account) -> tuple[Need, ...]:
    """What one call needs, sorted; an UNKNOWN need for an operation that nobody here knows.

    Examples
    --------
    >>> from rolecall.model import Account, Call, Function
    >>> orders = Function("orders", "orders", "arn:aws:lambda:eu-west-1:111122223333:function:orders", "arn:…")
    >>> account = Account("111122223333", "eu-west-1", "an example")
    >>> call = Call("sqs", "SendMessageBatch", "app.py:7", (("QueueUrl", ("⟨env:QUEUE⟩",)),))
    >>> need = needs_of(call, orders, account)[0]
    >>> need.action, need.resource, need.certainty.value
    ('kms:Decrypt', 'arn:aws:kms:eu-west-1:111122223333:key/⟨?⟩', 'may')
    """
    given = Given(_widest(call), function, account)
    acts = actions_of(given)
    if acts is None:
        prefix = prefix_of(call.service) or call.service
        why = f"which action `{call.service}.{call.operation}` needs is not known"
        return (Need(f"{prefix}:*", "*", Certainty.UNKNOWN, _proof(call, why), literal=False),)
    found = [need for act in acts for need in _of_act(act, given)]
    found += [_beside(given, each) for each in further(given)]
    found += [key for need in found for key in _keys(need, given)]
    found += _dependents(found, given)
    if _is_pinned(given.call):
        found = [replace(need, pinned=True) for need in found]
    return tuple(sorted(dict.fromkeys(found), key=lambda each: (each.action, each.resource, each.certainty.value)))


def _is_pinned(call: Call) -> bool:
    """Did the code make the client for a region that it names itself?"""
    named = [texts for name, texts in call.parameters if steps(name)[-1:] == ("region_name",)]
    return any("⟨" not in text for texts in named for text in texts)


def _widest(call: Call) -> Call:
    """The call without the values of a parameter beside one that can be anything: they are among it.

    Items of a batch that are asked for again (`UnprocessedKeys` of an answer) are of the same tables as before.
    """
    named: list[tuple[str, tuple[str, ...]]] = []
    for name, values in call.parameters:
        known = tuple(value for value in values if value != ANYTHING)
        again = name == "RequestItems" and known
        named.append((name, known if again else (ANYTHING,) if ANYTHING in values else values))
    return replace(call, parameters=tuple(named))


def actions_of(given: Given) -> tuple[Act, ...] | None:
    """The actions of the call's operation; None where they are not known, `()` where it needs none."""
    service, operation = given.call.service, given.call.operation
    rows = OPERATIONS.get(service, {})
    if operation in rows:
        acts = _narrowed(rows[operation], given)
        return tuple(act for act in acts if _applies(act, given))
    prefix = prefix_of(service)
    if prefix is None:
        return None
    known = catalog.action(f"{prefix}:{operation}")
    if known is not None:
        return (Act(known.name),)
    verbs = VERBS.get(prefix, {})
    start = max((each for each in verbs if operation.startswith(each)), key=len, default=None)
    return (Act(f"{prefix}:{verbs[start]}"),) if start else None


def _applies(act: Act, given: Given) -> bool:
    return not any(map(given.has, act.unless)) and (not act.when or any(map(given.has, act.when)))


def _narrowed(acts: tuple[Act, ...], given: Given) -> tuple[Act, ...]:
    """Transactions by the kinds of their items, PartiQL by its statements, where the code shows them."""
    if given.call.service != "dynamodb":
        return acts
    if given.call.operation == "TransactWriteItems":
        paths = [steps(name) for name, _ in given.call.parameters]
        kinds = {step for path in paths for step in path if step in TRANSACTED}
        return (
            tuple(Act(f"dynamodb:{TRANSACTED[kind]}", on=f"{kind}.TableName") for kind in sorted(kinds))
            if kinds
            else acts
        )
    if given.call.operation in ("ExecuteStatement", "BatchExecuteStatement", "ExecuteTransaction"):
        words = {text.split(None, 1)[0].lower() if text.split() else "" for text in given.texts("Statement")}
        if words and words <= STATEMENTS.keys():
            return tuple(Act(f"dynamodb:PartiQL{STATEMENTS[word]}") for word in sorted(words))
    return acts


def _of_act(act: Act, given: Given) -> Iterator[Need]:
    found = _partiql(given) if act.action.startswith("dynamodb:PartiQL") else places(act.action, given, act.on)
    choices = Counter(place.group for place in found)
    for place in found:
        sure = given.call.certain and not act.may and choices[place.group] == 1 and not _is_off(place, given)
        certainty = Certainty.MUST if sure else Certainty.MAY
        why = f"the code calls `{given.call.service}.{given.call.operation}`"
        literal = not place.inferred and "⟨" not in place.arn
        proof, told = _proof(given.call, why), tuple(_told(act.action, given))
        yield Need(act.action, place.arn, certainty, proof, literal, told=told, instead=act.instead)


def _is_off(place: Place, given: Given) -> bool:
    """Is it named by a variable that is set to nothing, so that the call can mean nothing?"""
    empty = {name for name, value in given.function.settings.environment if not value}
    return any(f"⟨env:{name}⟩" in place.arn for name in empty)


TOLD: Mapping[str, tuple[tuple[str, str], ...]] = {
    # Service Authorization Reference, "Condition keys" of each service.
    "cloudwatch:PutMetricData": (("cloudwatch:namespace", "Namespace"),),
    "ecs:RunTask": (("ecs:cluster", "cluster"),),
    "events:PutEvents": (("events:detail-type", "DetailType"), ("events:source", "Source")),
    "iam:AttachGroupPolicy": (("iam:PolicyARN", "PolicyArn"),),
    "iam:AttachRolePolicy": (("iam:PolicyARN", "PolicyArn"),),
    "iam:AttachUserPolicy": (("iam:PolicyARN", "PolicyArn"),),
    "iam:DetachGroupPolicy": (("iam:PolicyARN", "PolicyArn"),),
    "iam:DetachRolePolicy": (("iam:PolicyARN", "PolicyArn"),),
    "iam:DetachUserPolicy": (("iam:PolicyARN", "PolicyArn"),),
    "s3:ListBucket": (("s3:prefix", "Prefix"),),
    "ses:SendEmail": (("ses:FromAddress", "Source"), ("ses:FromAddress", "FromEmailAddress")),
    "ses:SendRawEmail": (("ses:FromAddress", "Source"),),
    "ses:SendTemplatedEmail": (("ses:FromAddress", "Source"),),
}
"""Action -> condition keys, and the parameters that they are."""


def _told(action: str, given: Given) -> Iterator[tuple[str, str]]:
    for key, parameter in TOLD.get(action, ()):
        values = given.all(parameter)
        if len(values) == 1 and values[0].is_known:
            yield key, SAID.get(key, _as_given)(values[0].text, given)


def _as_given(text: str, given: Given) -> str:
    return text


def _address(text: str, given: Given) -> str:
    return parseaddr(text)[1]


def _cluster(text: str, given: Given) -> str:
    """A cluster by its name is asked for by its ARN (ECS API, RunTask)."""
    return text if text.startswith("arn:") else arn_of(given, "ecs", f"cluster/{text}")


SAID: Mapping[str, Callable[[str, Given], str]] = {"ecs:cluster": _cluster, "ses:FromAddress": _address}
"""Condition key -> what a parameter is in it, where that is not the parameter as it is given."""


def _partiql(given: Given) -> tuple[Place, ...]:
    """The tables (and indexes) that PartiQL statements name."""
    named = [TABLE.match(value.text) for value in given.all("Statement")]
    if not named or not all(named):
        return (Place(arn_of(given, "dynamodb", "table/⟨?⟩")),)
    tables = {f"table/{each[1]}" + (f"/index/{each[2]}" if each[2] else "") for each in named if each}
    return tuple(Place(arn_of(given, "dynamodb", table)) for table in sorted(tables))


def _beside(given: Given, each: Further) -> Need:
    certainty = Certainty.MUST if given.call.certain and not each.may else Certainty.MAY
    literal = not each.inferred and "⟨" not in each.resource
    return Need(each.action, each.resource, certainty, _proof(given.call, each.why), literal, told=each.told)


OWN_KEY = ("SSECustomerAlgorithm", "SSEKMSKeyId", "ServerSideEncryption")
"""Parameters of S3 that choose another encryption than the bucket's (S3 API, PutObject)."""


def _keys(need: Need, given: Given) -> Iterator[Need]:
    own = any(map(given.has, OWN_KEY))
    for action, key, sure in uses(need.action, need.resource, given.account):
        certainty = Certainty.MUST if sure and not own and need.certainty is Certainty.MUST else Certainty.MAY
        service = need.action.partition(":")[0]
        context = (("kms:ViaService", f"{service}.{given.account.region}.amazonaws.com"),)
        why = f"`{need.action}` uses the customer key of its resource"
        yield Need(action, key, certainty, _proof(given.call, why), literal=False, context=context)


def _dependents(found: list[Need], given: Given) -> list[Need]:
    """Actions that the Service Authorization Reference names beside an action: MAY, for not every call needs them."""
    have = {need.action for need in found}
    named = {each: need.action for need in found if (known := catalog.action(need.action)) for each in known.dependents}
    return [
        _beside(given, Further(action, _anywhere(action, given), f"`{cause}` may need it besides", True, True))
        for action, cause in sorted(named.items())
        if action not in have and catalog.action(action)
    ]


def _anywhere(action: str, given: Given) -> str:
    """A resource of the action's kind that is not known."""
    known = catalog.action(action)
    if known is None or not known.takes_resource:
        return "*"
    prefix = action.partition(":")[0]
    if prefix == "s3":
        return f"arn:{given.account.partition}:s3:::⟨?⟩"
    owner, region = given.account.id, "" if prefix == "iam" else given.account.region
    return f"arn:{given.account.partition}:{prefix}:{region}:{owner}:⟨?⟩"


def _proof(call: Call, why: str) -> Proof:
    if call.library:
        return Proof("library", call.where, f"{why}, through `{call.library}`")
    return Proof("code", call.where, why)
