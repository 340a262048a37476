from rolecall.finding import Hit, Severity
from rolecall.fixes.functions import with_own_layer
from rolecall.iam.arn import Arn
from rolecall.iam.statement import is_unresolved
from rolecall.model import Account, Function, Gap
from rolecall.publishers import AWS, publisher
from rolecall.rules import Yields, rule

PUBLIC_PARAMETER = "resolve:ssm:/aws/service/"
"""By parameters of this name AWS itself tells the newest version of a layer: Systems Manager User Guide."""


@rule(Severity.HIGH)
def unknown_layer(function: Function, account: Account) -> Yields:
    """A layer of the function comes from an unknown account.

    A layer's code runs with the function's rights, before the handler and instead of packages of the same name. Its
    owner can read all that the function can, and gives out the next version. Info for layers that known vendors
    publish; none for those of AWS, whose runtime runs the function anyway, of the own account, and of what `--trust`
    names: an account, or the start of a layer's ARN.

    Bad:
        configuration: {layers: ["arn:aws:lambda:us-east-1:444455556666:layer:numpy:3"]}

    Bad:
        configuration: {layers: ["arn:aws:lambda:us-east-1:464622532012:layer:Datadog-Extension:67"]}

    Good:
        configuration: {layers: ["arn:aws:lambda:us-east-1:111122223333:layer:numpy:3"]}

    Good:
        configuration: {layers: ["arn:aws:lambda:us-east-1:017000801446:layer:AWSLambdaPowertoolsPythonV2:69"]}

    Misses: what is in a layer. A layer of a known vendor can be the wrong one as well.
    """
    for layer in dict.fromkeys(function.settings.layers):
        arn = Arn.parse(layer)
        owner = arn.account if arn else layer
        if is_unresolved(owner):
            if PUBLIC_PARAMETER not in layer:
                why = f"whose layer `{layer}` is, is not known"
                yield Gap("layers", why, None, function.id, False, function.place_of(layer))
            continue
        known = publisher(owner)
        if arn is None or owner == account.id or _is_trusted(layer, owner, account) or (known and known.name == AWS):
            continue
        name, _, version = arn.resource.removeprefix("layer:").partition(":")
        whose = f"`{known.name}` ({known.layers})" if known else f"account {owner}, which is not known here"
        yield Hit(
            None,
            f"`{function.name}` runs code of layer `{name}`, version {version or '?'}, of {whose}",
            fix=f"{with_own_layer(function, layer, account)}; or trust it: `--trust {layer.rpartition(':')[0]}`",
            subject=f"{owner}:{name}",
            resources=(layer,),
            principal=owner,
            severity=Severity.INFO if known else Severity.HIGH,
            evidence={"account": owner} | ({"publisher": known.name, "source": known.source} if known else {}),
            place=function.place_of(layer),
        )


def _is_trusted(layer: str, owner: str, account: Account) -> bool:
    return any(owner == each or (each.startswith("arn:") and layer.startswith(each)) for each in account.trusted)
