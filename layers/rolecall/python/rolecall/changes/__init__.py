"""Changes: what a CloudTrail event says happened, and which functions it leads to.

`rows` is the table of events, `record` reads a record with it; `names` are the words in which a change and a function
speak of the same thing; `trace` tells whether a change is visible in what was read.
"""

from rolecall.changes.change import Change, Skipped, Trace
from rolecall.changes.names import named, names_of, role_name, thing
from rolecall.changes.record import parse
from rolecall.changes.rows import LATER, ROWS
from rolecall.changes.trace import visible

__all__ = ["LATER", "ROWS", "Change", "Skipped", "Trace", "named", "names_of", "parse", "role_name", "thing", "visible"]
