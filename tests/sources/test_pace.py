"""The pace of a sweep: it leaves a third of Lambda's control plane to others, and never sleeps in a test."""

from rolecall.sources.aws.pace import Pace


class Time:
    """A clock that only sleeping moves."""

    def __init__(self) -> None:
        self.now = 0.0

    def __call__(self) -> float:
        return self.now

    def sleep(self, seconds: float) -> None:
        self.now += seconds


def took(*calls: str, share: float = 1 / 3) -> float:
    """The seconds that these calls take at least."""
    time = Time()
    pace = Pace(share, clock=time, sleep=time.sleep)
    for call in calls:
        pace(call)
    return round(time.now, 6)


def test_each_kind_of_call_has_its_share() -> None:
    assert [took(*[call] * 101) for call in ("lambda:GetFunction", "lambda:GetPolicy", "lambda:ListAliases")] == [
        3,
        20,
        20,
    ]


def test_kinds_do_not_wait_for_each_other() -> None:
    assert took("lambda:GetFunction", "lambda:GetPolicy", "lambda:ListAliases") == 0


def test_calls_of_all_other_kinds_share_one_quota() -> None:
    assert took(*["lambda:ListAliases", "lambda:ListTags"] * 8) == 3


def test_other_services_do_not_wait() -> None:
    assert took(*["iam:GetRole"] * 100) == 0


def test_who_was_slow_need_not_wait_and_saves_nothing_up() -> None:
    time = Time()
    pace = Pace(1 / 3, clock=time, sleep=time.sleep)
    pace("lambda:GetPolicy")
    time.now = 100
    for _ in range(3):
        pace("lambda:GetPolicy")

    assert round(time.now, 6) == 100.4
