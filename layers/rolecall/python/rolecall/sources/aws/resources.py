def read_all(calls, account, *, pool):
    return ()
