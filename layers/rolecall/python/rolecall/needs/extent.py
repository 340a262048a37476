"""Extent: does a pattern of a policy hold more than what is needed, in the terms that people name resources in?

Not every difference of two patterns is a difference that anybody draws in a policy: the objects of one bucket, the
streams of one log group and the qualifiers of one function are one thing here, and so is a name in every region.
"""

import re
from functools import lru_cache

from rolecall.iam import catalog
from rolecall.iam.arn import resource_matches
from rolecall.iam.statement import is_unresolved
from rolecall.iam.wildcard import is_wild, matches
from rolecall.needs.parts import overlap, widened

PATHS = ("parameter/", "role/", "policy/", "user/")
"""Types of which the name is a path: each step of it narrows, and all of it is the thing."""

UNTYPED = ("s3", "execute-api")
"""Services whose ARNs begin with a name: that of a bucket, of an API."""

ANY = re.compile(r"⟨(\?|event:)")
"""A part of a need that may be anything, other than the one value of a variable or of a parameter."""

SUFFIX = "-??????"
"""What AWS appends to the name of a secret."""

SECRET = re.compile(r"(arn:[^:]*:secretsmanager:[^:]*:[^:]*:secret:.*)-[A-Za-z0-9?]{6}", re.DOTALL)
"""A secret, and the part of its ARN that is its name."""


@lru_cache(maxsize=8192)
def fits(action: str, resource: str) -> bool:
    """Can the action be done on anything that the pattern stands for? If not, the entry grants nothing of it.

    >>> fits("s3:GetObject", "arn:aws:s3:::inbox/*"), fits("s3:ListAllMyBuckets", "arn:aws:s3:::inbox")
    (True, False)
    >>> fits("s3:DeleteAccessGrantsInstance", "arn:aws:s3:::inbox/*"), fits("s3:PutBucketAcl", "arn:aws:s3:::inbox/*")
    (False, False)
    """
    if not resource.strip("*"):
        return True
    known = catalog.action(action)
    if known is None:
        return True
    if not known.takes_resource:
        return not widened(resource).strip("*")
    kinds = (each for kind in known.resource_types for each in zip(kind.arns, kind.patterns, strict=True))
    return any(_may_be_one(widened(resource), arn, pattern) for arn, pattern in kinds)


def within(pattern: str, needed: str) -> bool:
    """Does the pattern hold nothing but what is needed, as far as people draw lines?

    >>> bucket = "arn:aws:s3:::inbox"
    >>> within(bucket + "/*", bucket + "/orders.json"), within("*", bucket), within(bucket + "*", bucket)
    (True, False, False)
    """
    if is_unresolved(pattern) or is_unresolved(needed):
        # What is not known of either may be what makes them one; but a name that is one thing is never all of them.
        if is_account_wide(pattern) and not ANY.search(needed) and needed != "*":
            return False
        return overlap(widened(pattern), widened(needed))
    if needed == "*" or matches(needed, pattern):
        return True
    placed = _placed(pattern, needed)
    thing = _thing(needed)
    if matches(needed, placed) or placed == thing or placed.startswith((f"{thing}/", f"{thing}:")):
        return True
    secret = SECRET.fullmatch(needed)
    return secret is not None and placed in (secret[1] + SUFFIX, f"{secret[1]}-*", secret[1])


def meets(pattern: str, needed: str) -> bool:
    """Do the two have anything in common?"""
    return overlap(_placed(widened(pattern), needed), widened(needed)) or within(pattern, needed)


def is_account_wide(pattern: str) -> bool:
    """Does it stand for all things of a kind: `*`, or an ARN without any of a name?

    >>> [is_account_wide(each) for each in ("*", "arn:aws:sqs:*:*:*", "arn:aws:s3:::*/*", "arn:aws:sqs:*:*:orders*")]
    [True, True, True, False]
    >>> is_account_wide("arn:aws:dynamodb:us-east-1:111122223333:table/*"), is_account_wide("arn:aws:s3:::inbox/*")
    (True, False)
    """
    if not pattern.strip("*"):
        return True
    if is_unresolved(pattern):
        return False
    parts = pattern.split(":", 5)
    if len(parts) < 6:
        return pattern.endswith("*")
    kind, separator, name = _divided(parts[5])
    is_typed = bool(separator) and parts[2] not in UNTYPED
    return not re.sub(r"[*?/:]", "", name if is_typed else kind)


def sample(pattern: str, action: str, *, account: str, region: str, partition: str, other: str = "unneeded") -> str:
    """A resource that the pattern stands for, of a kind that the action is done on; wildcards become `other`.

    >>> facts = {"account": "111122223333", "region": "us-east-1", "partition": "aws"}
    >>> sample("*", "sqs:SendMessage", **facts)
    'arn:aws:sqs:us-east-1:111122223333:unneeded'
    """
    known = catalog.action(action)
    if known is not None and not known.takes_resource:
        return "*"
    if known is not None and is_wild(pattern) and is_account_wide(pattern):
        fixed = {"Partition": partition, "Region": region, "Account": account}
        kinds = sorted(known.resource_types, key=lambda kind: kind.name not in known.required)
        arns = [re.sub(r"\$\{(\w+)\}", lambda m: fixed.get(m[1], other), kind.arns[0]) for kind in kinds]
        fitting = next((arn for arn in arns if resource_matches(pattern, arn)), None)
        if fitting:
            return fitting
    parts = pattern.split(":", 5)
    if len(parts) < 6:
        return pattern.replace("*", other).replace("?", "x")
    usual = [partition, parts[2], region, account]
    head = [given if is_wild(part) else part for part, given in zip(parts[1:5], usual, strict=True)]
    filled = parts[5].replace("*", other).replace("?", "x")
    return ":".join(["arn", *head, filled])


def _may_be_one(resource: str, arn: str, kind: str) -> bool:
    """Can the pattern stand for an ARN of a kind of resource, given with `${…}` for what varies and as a pattern?

    A kind with a region in its ARNs is never one without (what AWS owns has no account), and a bucket or a table has no
    `/` in its name. A star of the pattern in the parts before the name may stand for several of them.
    """
    own, its = resource.split(":", 5), kind.split(":", 5)
    if len(own) < 6 or len(its) < 6 or any(map(is_wild, own[:5])):
        return overlap(resource, kind)
    if "${" in arn.split(":", 5)[3] and not own[3]:
        return False
    if arn.endswith(":s3:::${BucketName}") and "/" in own[5].partition("*")[0]:
        return False
    if arn.endswith(":table/${TableName}") and "/" in own[5].partition("*")[0].removeprefix("table/"):
        return False
    return all(overlap(part, other) for part, other in zip(own, its, strict=True))


@lru_cache(maxsize=4096)
def _placed(pattern: str, needed: str) -> str:
    """The pattern with the partition, region and account of what is needed, where it leaves them open."""
    own, given = pattern.split(":", 5), needed.split(":", 5)
    if len(own) < 6 or len(given) < 6:
        return pattern
    head = [
        have if is_wild(part) and matches(part, have) else part for part, have in zip(own[:5], given[:5], strict=True)
    ]
    return ":".join([*head, own[5]])


@lru_cache(maxsize=4096)
def _thing(needed: str) -> str:
    """What a resource is a part of, or is itself.

    >>> _thing("arn:aws:s3:::inbox/orders/*"), _thing("arn:aws:lambda:eu-west-1:111122223333:function:orders:live")
    ('arn:aws:s3:::inbox', 'arn:aws:lambda:eu-west-1:111122223333:function:orders')
    """
    parts = needed.split(":", 5)
    if len(parts) < 6:
        return needed
    resource = parts[5]
    kind, separator, name = _divided(resource)
    if not separator or resource.startswith(PATHS) or (separator == ":" and name.count(":") == 0):
        whole = resource
    elif parts[2] == "s3" and not parts[4]:
        whole = kind
    else:
        whole = kind + separator + name.partition(separator)[0]
    # The stars that close a need are those of the things in it.
    return ":".join([*parts[:5], whole])


def _divided(resource: str) -> tuple[str, str, str]:
    """Type, separator and name of the last part of an ARN; without a separator it is all in the first."""
    found = re.match(r"([^:/]*)([:/])(.*)", resource, re.DOTALL)
    return (found[1], found[2], found[3]) if found else (resource, "", "")
