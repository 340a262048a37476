"""What the code of a function calls: Python, read as text, from its handler on.

Nothing is imported and nothing is run.
"""

import ast
from dataclasses import dataclass

from rolecall.model import Call, Gap, Unresolved
from rolecall.needs.code import calling, modules
from rolecall.needs.code.machine import START, ExhaustedError, Frame, Machine, Site
from rolecall.needs.code.program import Program, split_handler
from rolecall.needs.code.values import UNKNOWN, Arguments, Event, Unknown, one

__all__ = ["Analysis", "Program", "analyse"]


@dataclass(frozen=True, slots=True)
class Analysis:
    """What was found: in the order of the files and lines. `files` is how many files were reached and parsed."""

    calls: tuple[Call, ...] = ()
    unresolved: tuple[Unresolved, ...] = ()
    gaps: tuple[Gap, ...] = ()
    files: int = 0


def analyse(program: Program, handler: str) -> Analysis:
    """The calls of AWS that a handler can reach.

    Parameters
    ----------
    program : the source, with its layers
    handler : as Lambda is told: `src/app.handler`

    Examples
    --------
    >>> source = 'import boto3\\nsqs = boto3.client("sqs")\\ndef run(event, _): sqs.purge_queue(QueueUrl=event["url"])'
    >>> analyse(Program({"app.py": source}), "app.run").calls
    (Call(service='sqs', operation='PurgeQueue', where='app.py:3', parameters=(('QueueUrl', ('⟨event:url⟩',)),), \
library=None, certain=True),)
    """
    machine = Machine(program)
    place = split_handler(handler)
    if place is None:
        machine.gap(f"handler `{handler}` names no module and function", mendable=True)
        return _analysis(machine)
    try:
        machine.run(lambda: _run(machine, *place))
    except ExhaustedError as bound:
        machine.gap(str(bound))
        machine.wonder(_start(machine, place[0]), "the code is too large to be analysed whole")
    except RecursionError:
        machine.gap("the code nests too deep to be analysed whole")
        machine.wonder(_start(machine, place[0]), "the code nests too deep to be analysed whole")
    return _analysis(machine)


def _run(machine: Machine, module: str, name: str) -> None:
    """The module of the handler, and the handler."""
    frame = modules.module(machine, module, forced=True)
    if frame is None:
        machine.gap(f"handler `{module}.{name}` is not in the code: there is no module `{module}`", mendable=True)
        return
    found = modules.member(machine, module, name)
    if not found or found == UNKNOWN:
        if modules.is_broken(machine, frame.source):
            return  # That it cannot be parsed is said.
        why = f"`{frame.source.path}` does not define `{name}`"
        machine.gap(f"handler `{module}.{name}` is not in the code: {why}", mendable=True)
        return
    given = Arguments((one(Event("")), one(Unknown())))
    start = Frame("function", (START,), frame.source, frame)
    calling.call_value(machine, found, given, Site(start, ast.Pass(lineno=1)))


def _start(machine: Machine, module: str) -> Site:
    frame = machine.modules.get(module)
    source = frame.source if frame else None
    if source is None:
        source = machine.program.find(module)
    assert source is not None  # a bound is only hit where there was something to read
    return Site(Frame("module", (module,), source), ast.Pass(lineno=1))


def _analysis(machine: Machine) -> Analysis:
    return Analysis(machine.all_calls(), machine.all_unresolved(), tuple(machine.gaps), len(machine.trees))
