from collections.abc import Callable, Iterator
from dataclasses import replace
from itertools import islice

from rolecall.escalation.deployers import CHANGES, FEW, TAG, Deployer, declared, deployers, is_declared, writers
from rolecall.escalation.judge import Proof
from rolecall.escalation.strength import Gain, is_administrator
from rolecall.finding import Confidence, Hit, Severity
from rolecall.fixes.principals import declaring, scoped
from rolecall.iam.policy import Statement
from rolecall.model import Account, Function
from rolecall.rules import Yields, rule


@rule(Severity.HIGH, whole=True)
def exposed_function(account: Account) -> Yields:
    """Somebody weaker than a function can take it over.

    Who may change the code or the configuration of a function acts as its execution role. High where the
    function's tag `rolecall:deployers` (role names, user names, ARNs or account ids, separated by spaces, or
    `none`) leaves that principal out; without a tag one line for each principal, as information. Medium where it
    may write the object or the image repository that a function with the tag is deployed from: its code comes in
    with the next deployment. Never about administrators, nor roles that only CloudFormation assumes, nor where the
    function's role holds nothing that they lack (as one that only writes its logs). Other functions that can
    change it are told by `workload-takeover`.

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
    open_ones, told = list[Function](), set[tuple[str, Statement]]()
    for function in sorted(functions, key=lambda each: each.id):
        names = declared(function)
        if names is None:
            open_ones.append(function)
            continue
        suspects = [each for each in known if not is_declared(each, names, account)]
        taking = _able(Deployer.change, suspects, function, account)
        told |= {(each.arn, how.statement) for each, how in taking}
        yield from _taking(taking, function, account)
        suspects = [each for each in writing[function.id] if not is_declared(each, names, account)]
        yield from _writing(_able(Deployer.write, suspects, function, account), function, account)
    ranked = sorted(open_ones, key=lambda each: (not _is_admin(each, account), each.id))
    for deployer in known:
        yield from _listed(deployer, ranked, told, account)


def _able(
    by: Callable[[Deployer, Function], Proof | None], suspects: list[Deployer], function: Function, account: Account
) -> list[tuple[Deployer, Proof]]:
    """Those who can do that to a function whose role holds more than they, and how, by ARN."""
    found = [(each, how) for each in suspects if (how := by(each, function)) and each.is_weaker(function, account)]
    return sorted(found, key=lambda pair: pair[0].arn)


def _taking(able: list[tuple[Deployer, Proof]], function: Function, account: Account) -> Iterator[Hit]:
    """One finding for a function: the first principal that is not declared, and how many more."""
    for deployer, how in able[:1]:
        yield _hit(
            able,
            function,
            account,
            f"`{deployer.name}`{_more(able)} can take `{function.name}` over by `{how.action}`"
            f" ({how.statement.where}), and is no declared deployer",
            fix=_fix(deployer, how, function, account, f"if `{deployer.name}` is to deploy `{function.name}`"),
            subject="deployers",
        )


def _writing(able: list[tuple[Deployer, Proof]], function: Function, account: Account) -> Iterator[Hit]:
    """One finding for a function: who may put other code where its next deployment takes it from."""
    able = [pair for pair in able if not pair[0].change(function)]
    for writer, how in able[:1]:
        hit = _hit(
            able,
            function,
            account,
            f"`{writer.name}`{_more(able)} may write what `{function.name}` is deployed from by `{how.action}`"
            f" ({how.statement.where}), and is no declared deployer: it chooses the code of the next deployment",
            fix=_fix(writer, how, function, account, f"if `{writer.name}` is to write what `{function.name}` runs"),
            subject="source",
        )
        yield replace(hit, severity=Severity.MEDIUM, confidence=Confidence.MEDIUM)


def _more(able: list[tuple[Deployer, Proof]]) -> str:
    return f" and {len(able) - 1} more" if len(able) > 1 else ""


def _hit(
    able: list[tuple[Deployer, Proof]], function: Function, account: Account, message: str, *, fix: str, subject: str
) -> Hit:
    deployer, how = able[0]
    more = deployer.gain(function, account)
    assert more is not None  # It is weaker.
    return Hit(
        None,
        message,
        fix=fix,
        subject=subject,
        actions=(how.action,),
        resources=(how.resource,),
        principal=deployer.arn,
        evidence=_evidence(how, more) | {"principals": [each.arn for each, _ in able][:50]},
        witness=deployer.witness(how),
        function=function.id,
        role=function.role,
        place=how.statement.place or function.place,
    )


def _listed(
    deployer: Deployer, functions: list[Function], told: set[tuple[str, Statement]], account: Account
) -> Iterator[Hit]:
    """One line for a principal, where no owner has declared anything: the strongest function that it can take over.

    `told` holds the principals and statements that a finding on a function with declared deployers names.
    """
    for function in islice(deployer.reaches(functions), FEW):
        more, how = deployer.gain(function, account), deployer.change(function)
        if more and how and (deployer.arn, how.statement) not in told:
            yield Hit(
                how.statement,
                f"`{deployer.name}` can take functions over, such as `{function.name}`, whose role holds more",
                fix=_fix(deployer, how, function, account, f"if `{deployer.name}` is to deploy `{function.name}`"),
                subject=f"{how.statement.policy}:{how.statement.sid or how.statement.canonical()}",
                principal=deployer.arn,
                severity=Severity.INFO,
                evidence=_evidence(how, more),
                witness=deployer.witness(how),
                role=deployer.arn,
            )
            return


def _fix(deployer: Deployer, how: Proof, function: Function, account: Account, when: str) -> str:
    """Either it is declared, or its statement is scoped: only its owner knows to what."""
    actions, on = (CHANGES, "FUNCTION_ARN") if how.action in CHANGES else ((how.action,), "RESOURCE_ARN")
    meant = f"what `{deployer.name}` is to change"
    narrow = scoped(deployer.grant.role, how.statement, actions, account, on=on, for_=meant)
    return f"{when}: {declaring(function, TAG, deployer.grant.role, account)}; else {narrow}"


def _is_admin(function: Function, account: Account) -> bool:
    role = account.role_of(function)
    return role is not None and is_administrator(role, account)


def _evidence(how: Proof, more: Gain) -> dict[str, object]:
    return {"gains": list(more.rights), "administrator": more.admin, "steps": [how.evidence()]}
