"""May a function go on where it invokes itself? Asked only of those that can, one call each."""

from concurrent.futures import Executor
from dataclasses import replace

from rolecall.callers.loops import loops
from rolecall.model import Account, Function, Gap
from rolecall.sources.aws.calls import Calls, Refused
from rolecall.sources.aws.configuration import name_of

WHAT = "recursive loop detection"


def with_detection(calls: Calls, account: Account, *, pool: Executor) -> Account:
    """The account with what GetFunctionRecursionConfig says of the functions that write to a source of their own."""
    looping = sorted({each.arn for each in account.functions if next(loops(each, account), None)})
    answers = dict(zip(looping, pool.map(lambda arn: _asked(calls, arn), looping), strict=True))
    return replace(account, functions=tuple(_told(each, answers.get(each.arn)) for each in account.functions))


def _asked(calls: Calls, arn: str) -> str | Gap | None:
    try:
        answer = calls.ask("lambda", "get_function_recursion_config", FunctionName=name_of(arn))
    except Refused as refused:
        return None if refused.absent else Gap(WHAT, refused.why, refused.call, arn)
    return str(answer["RecursiveLoop"])


def _told(function: Function, answer: str | Gap | None) -> Function:
    if isinstance(answer, Gap):
        return replace(function, gaps=(*function.gaps, answer)) if function.qualifier is None else function
    if answer != "Allow":
        return function
    settings = function.settings
    return replace(function, settings=replace(settings, others=(*settings.others, ("recursive-loop", answer))))
