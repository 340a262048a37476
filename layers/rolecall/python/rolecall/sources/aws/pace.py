"""The pace of a sweep: how often it may ask, so that others still get answers."""

import time
from collections.abc import Callable, Mapping
from threading import Lock

# What Lambda's control plane answers per second, in an account and region, not raisable: Lambda Developer Guide,
# "Lambda quotas", "Function configuration, deployment, and execution". All other calls of Lambda share one quota.
QUOTAS: Mapping[str, float] = {"lambda:GetFunction": 100, "lambda:GetPolicy": 15, "lambda": 15}
# Two workers, each with a third, leave a third to everybody else.
SHARE = 1 / 3


class Pace:
    """Lets one call of a kind through per so many seconds; may be called from several threads.

    Parameters
    ----------
    share : of the quotas that this one may use up
    clock : seconds, growing
    sleep : waits so many seconds
    """

    def __init__(
        self,
        share: float = SHARE,
        *,
        clock: Callable[[], float] = time.monotonic,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        self._clock, self._sleep = clock, sleep
        self._every = {kind: 1 / (share * quota) for kind, quota in QUOTAS.items()}
        self._next = dict.fromkeys(QUOTAS, 0.0)
        self._lock = Lock()

    def __call__(self, call: str) -> None:
        """Wait until this call (an IAM action) may be made. Calls without a quota here never wait."""
        kind = call if call in self._every else call.partition(":")[0]
        if kind not in self._every:
            return
        with self._lock:
            now = self._clock()
            turn = max(now, self._next[kind])
            self._next[kind] = turn + self._every[kind]
        if turn > now:
            self._sleep(turn - now)
