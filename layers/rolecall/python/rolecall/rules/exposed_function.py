from collections.abc import Iterator
from itertools import islice

from rolecall.escalation.deployers import FEW, Deployer, declared, deployers, is_declared, writers
from rolecall.escalation.judge import Proof
from rolecall.escalation.strength import Gain, is_administrator
from rolecall.finding import Confidence, Hit, Severity
from rolecall.model import Account, Function
from rolecall.rules import Yields, rule


@rule(Severity.HIGH, whole=True)
def exposed_function(account: Account) -> Yields:
    """Somebody weaker than a function can take it over.

    Who may change the code or the configuration of a function acts as its execution role. High where the
    function's tag `rolecall:deployers` (role names, user names, ARNs or account ids, separated by spaces, or
    `none`) leaves that principal out; without a tag one line for each principal, as information. Medium where it
    may write the object or the image repository that a function with the tag is deployed from: its code comes in
    with the next deployment. Never about administrators, nor roles that only CloudFormation assumes. Other
    functions that can change it are told by `workload-takeover`.

    Bad:
        tags: {"rolecall:deployers": "pipeline"}
        roles:
          - arn: "arn:aws:iam::111122223333:role/support"
            policies:
              - {name: Update, document: {"Version": "2012-10-17",
                 "Statement": [{"Effect": "Allow", "Action": "lambda:UpdateFunctionCode", "Resource": "*"}]}}
            trust: {"Version": "2012-10-17", "Statement": [{"Effect": "Allow",
              "Principal": {"AWS": "111122223333"}, "Action": "sts:AssumeRole"}]}

    Bad:
        tags: {"rolecall:deployers": "pipeline"}
        function: {code: {kind: remote, source: "arn:aws:s3:::builds/orders.zip"}}
        roles:
          - arn: "arn:aws:iam::111122223333:role/support"
            policies:
              - {name: Upload, document: {"Version": "2012-10-17",
                 "Statement": [{"Effect": "Allow", "Action": "s3:PutObject", "Resource": "arn:aws:s3:::builds/*"}]}}
            trust: {"Version": "2012-10-17", "Statement": [{"Effect": "Allow",
              "Principal": {"AWS": "111122223333"}, "Action": "sts:AssumeRole"}]}

    Good:
        tags: {"rolecall:deployers": "pipeline"}
        roles:
          - arn: "arn:aws:iam::111122223333:role/pipeline"
            policies:
              - {name: Update, document: {"Version": "2012-10-17",
                 "Statement": [{"Effect": "Allow", "Action": "lambda:UpdateFunctionCode", "Resource": "*"}]}}
            trust: {"Version": "2012-10-17", "Statement": [{"Effect": "Allow",
              "Principal": {"AWS": "111122223333"}, "Action": "sts:AssumeRole"}]}

    Good:
        roles:
          - arn: "arn:aws:iam::111122223333:role/stacks"
            policies:
              - {name: Update, document: {"Version": "2012-10-17",
                 "Statement": [{"Effect": "Allow", "Action": "lambda:*", "Resource": "*"}]}}
            trust: {"Version": "2012-10-17", "Statement": [{"Effect": "Allow",
              "Principal": {"Service": "cloudformation.amazonaws.com"}, "Action": "sts:AssumeRole"}]}

    Misses: who may write what a function without the tag is deployed from, or a layer; a bucket that a parameter
    names, and the bucket of a live function, which Lambda does not tell; principals of other accounts that the
    function's policy lets change it (`more-than-invoke`).
    """
    known = tuple(deployers(account))
    functions = tuple({each.id: each for each in reversed(account.functions)}.values())
    writing = writers([each for each in functions if declared(each) is not None], account)
    open_ones, told = [], set[str]()
    for function in sorted(functions, key=lambda each: each.id):
        names = declared(function)
        if names is None:
            open_ones.append(function)
            continue
        for hit in _undeclared(function, [each for each in known if not is_declared(each, names, account)], account):
            told.add(hit.principal or "")
            yield hit
        writers_of = [each for each in writing[function.id] if not is_declared(each, names, account)]
        yield from _writing(function, writers_of, account)
    ranked = sorted(open_ones, key=lambda each: (not _is_admin(each, account), each.id))
    for deployer in (each for each in known if each.arn not in told):
        yield from _listed(deployer, ranked, account)


def _undeclared(function: Function, suspects: list[Deployer], account: Account) -> Iterator[Hit]:
    """One finding for a function: the first principal that is not declared, and how many more."""
    found = [each for each in suspects if each.change(function) and each.is_weaker(function, account)]
    deployer = min(found, key=lambda each: each.arn, default=None)
    how = deployer.change(function) if deployer else None
    more = deployer.gain(function, account) if deployer else None
    if deployer is None or how is None or more is None:
        return
    others = f" and {len(found) - 1} others" if len(found) > 1 else ""
    yield Hit(
        None,
        f"`{deployer.name}`{others} can take `{function.name}` over by `{how.action}` ({how.statement.where}),"
        " and is no declared deployer",
        fix=f"scope `{how.action}` to what `{deployer.name}` deploys, or name it in the tag `rolecall:deployers`",
        subject="deployers",
        actions=(how.action,),
        resources=(function.arn,),
        principal=deployer.arn,
        evidence=_evidence(how, more) | {"principals": sorted(each.arn for each in found)[:50]},
        witness=deployer.witness(how),
        function=function.id,
        role=function.role,
        place=how.statement.place or function.place,
    )


def _writing(function: Function, suspects: list[Deployer], account: Account) -> Iterator[Hit]:
    """One finding for a function: who may put other code where its next deployment takes it from."""
    weaker = (each for each in suspects if each.write(function) and each.is_weaker(function, account))
    found = sorted((each for each in weaker if not each.change(function)), key=lambda each: each.arn)
    how = found[0].write(function) if found else None
    more = found[0].gain(function, account) if found else None
    if how is None or more is None:
        return
    name, others = found[0].name, f" and {len(found) - 1} others" if len(found) > 1 else ""
    yield Hit(
        None,
        f"`{name}`{others} may write what `{function.name}` is deployed from by `{how.action}`, and is no declared"
        " deployer: it chooses the code of the next deployment",
        fix=f"scope `{how.action}` to what `{name}` is to write, or name it in the tag `rolecall:deployers`",
        subject="source",
        actions=(how.action,),
        resources=(how.resource,),
        principal=found[0].arn,
        severity=Severity.MEDIUM,
        confidence=Confidence.MEDIUM,
        evidence=_evidence(how, more) | {"principals": [each.arn for each in found][:50]},
        witness=found[0].witness(how),
        function=function.id,
        role=function.role,
        place=function.place,
    )


def _listed(deployer: Deployer, functions: list[Function], account: Account) -> Iterator[Hit]:
    """One line for a principal, where no owner has declared anything: the strongest function that it can take over."""
    for function in islice(deployer.reaches(functions), FEW):
        more, how = deployer.gain(function, account), deployer.change(function)
        if more and how:
            yield Hit(
                how.statement,
                f"`{deployer.name}` can take functions over, such as `{function.name}`, whose role holds more",
                fix="name who deploys a function in its tag `rolecall:deployers`, or scope the statement",
                subject=f"{how.statement.policy}:{how.statement.sid or how.statement.canonical()}",
                principal=deployer.arn,
                severity=Severity.INFO,
                evidence=_evidence(how, more),
                witness=deployer.witness(how),
                role=deployer.arn,
            )
            return


def _is_admin(function: Function, account: Account) -> bool:
    role = account.role_of(function)
    return role is not None and is_administrator(role, account)


def _evidence(how: Proof, more: Gain) -> dict[str, object]:
    return {"gains": list(more.rights), "administrator": more.admin, "steps": [how.evidence()]}
