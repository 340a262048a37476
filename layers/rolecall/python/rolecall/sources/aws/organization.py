from dataclasses import dataclass


@dataclass
class Controls:
    scps: tuple = ()
    rcps: tuple = ()
    gaps: tuple = ()


def read(calls):
    return Controls()
