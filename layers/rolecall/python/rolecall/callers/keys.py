"""Keys of requests: which ones a caller fills as it likes, and which only the requests of some callers have.

IAM User Guide, "AWS global condition context keys" and "IAM and AWS STS condition context keys"; Lambda Developer
Guide, "Control access to Lambda function URLs", "Using source function ARN".
"""

from dataclasses import dataclass

FREE = frozenset(
    {
        "aws:calledvia",
        "aws:calledviafirst",
        "aws:calledvialast",
        "aws:currenttime",
        "aws:epochtime",
        "aws:federatedprovider",
        "aws:multifactorauthage",
        "aws:multifactorauthpresent",
        "aws:principaltype",
        "aws:referer",
        "aws:sourceidentity",
        "aws:tagkeys",
        "aws:tokenissuetime",
        "aws:useragent",
        "aws:username",
        "aws:viaawsservice",
        "lambda:invocationtype",
    }
)
TAGS = ("aws:principaltag/", "aws:requesttag/")
"""Keys, and beginnings of keys, whose value is the caller's to choose, or comes with time: they keep nobody out."""

OF_ASSUMING = frozenset({"sts:externalid", "sts:rolesessionname", "sts:sourceidentity", "sts:transitivetagkeys"})
"""What whoever assumes a role chooses beside these."""

OF_SERVICES = frozenset(
    {
        "aws:principalservicename",
        "aws:principalservicenameslist",
        "aws:sourceaccount",
        "aws:sourcearn",
        "aws:sourceorgid",
        "aws:sourceorgpaths",
        "lambda:eventsourcetoken",
    }
)
OF_PRINCIPALS = frozenset(
    {
        "aws:federatedprovider",
        "aws:multifactorauthage",
        "aws:multifactorauthpresent",
        "aws:principalaccount",
        "aws:principalarn",
        "aws:principalorgid",
        "aws:principalorgpaths",
        "aws:principaltype",
        "aws:sourceidentity",
        "aws:tokenissuetime",
        "aws:userid",
        "aws:username",
    }
)
OF_URLS = frozenset({"lambda:functionurlauthtype", "lambda:invokedviafunctionurl"})
OF_MEMBERS = frozenset({"aws:principalorgid", "aws:principalorgpaths"})
OF_FUNCTIONS = frozenset({"lambda:sourcefunctionarn"})
NETWORK = frozenset(
    {
        "aws:sourceip",
        "aws:sourcevpc",
        "aws:sourcevpcarn",
        "aws:sourcevpce",
        "aws:vpceaccount",
        "aws:vpceorgid",
        "aws:vpceorgpaths",
        "aws:vpcsourceip",
    }
)
"""Keys of requests that services make, principals, whoever uses a function URL, members of an organisation, code in a
function, and those that come from a network."""


@dataclass(frozen=True, slots=True)
class Open:
    """The keys of a request that are open: the caller's to choose, or (`every`) all but those known to be absent."""

    absent: frozenset[str] = frozenset()
    prefixes: tuple[str, ...] = ()
    free: frozenset[str] = FREE
    every: bool = False

    def __contains__(self, key: object) -> bool:
        name = str(key)
        if name in self.absent or (self.prefixes and name.startswith(self.prefixes)):
            return False
        return self.every or name in self.free or name.startswith(TAGS)


def is_free(key: str) -> bool:
    """Does whoever calls choose its value?

    >>> is_free("aws:UserAgent"), is_free("aws:RequestTag/team"), is_free("aws:SourceIp")
    (True, True, False)
    """
    return key.lower() in FREE or key.lower().startswith(TAGS)
