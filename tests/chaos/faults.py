"""What is done to a federation, and undone a little later: one function for each kind."""
import signal
import time

HOUR = 3600
# Some kinds are more interesting than others.
WEIGHTS = {"kill": 6, "stop": 2, "relay cut": 1, "relay hole": 1, "relay slow": 1, "lie": 3,
           "network cut": 4, "network slow": 2, "disk full": 4, "clock jump": 3, "reboot": 2}


def kinds(machine):
    """Those that can be had here."""
    out = dict(WEIGHTS)
    if not machine.inside:
        del out["network cut"], out["disk full"]
    if not machine.slow:
        del out["network slow"]
    if not machine.faketime:
        del out["clock jump"]
    if not machine.reboots:
        del out["reboot"]
    return out


def restart(f, who, pause):
    f.kill(who)
    time.sleep(f.rng.uniform(0, pause))
    f.start(who)


def kill(f):
    who = f.rng.choice(f.members)
    restart(f, who, 0.5)
    return who


def stop(f):
    who = f.rng.choice(f.members)
    f.process[who].send_signal(signal.SIGSTOP)
    f.later(f.rng.uniform(0.1, 3), f.process[who].send_signal, signal.SIGCONT)
    return who


def relay_cut(f):
    f.relay.cut(f.rng)
    return "some"


def relay_hole(f):
    f.relay.hole_until = time.monotonic() + f.rng.uniform(0.1, 2)
    return "all"


def relay_slow(f):
    f.relay.slow_until = time.monotonic() + f.rng.uniform(0.5, 3)
    return "all"


def lie(f):
    f.liar.say()
    return "all"


def network_cut(f):
    """One, or all at once, for less or more than a lease."""
    some = f.rng.choice([[f.rng.choice(f.members[1:])], f.members[1:]])
    for who in some:
        f.place[who].cut()
        f.later(f.rng.choice([0.3, 1, 5]), f.place[who].join)
    return some[0] if len(some) == 1 else "all"


def network_slow(f):
    who = f.rng.choice(f.members[1:])
    f.place[who].narrow()
    f.later(f.rng.uniform(0.5, 4), f.place[who].widen)
    return who


def disk_full(f):
    """Somewhere between a page and a file short; some are started again meanwhile."""
    who = f.rng.choice(f.members[1:])
    f.place[who].fill(f.rng.choice([0, 0, 4096, 40000, 200000]))
    f.later(f.rng.uniform(0.3, 3), f.place[who].clear)
    if f.rng.random() < 0.3:
        restart(f, who, 0.1)
    return who


def clock_jump(f):
    """Of one, or of all; forward and backward, by minutes and by months."""
    some = f.rng.choice([[f.rng.choice(f.members)], f.members])
    seconds = f.rng.choice([-1, 1]) * f.rng.choice([60, 2 * HOUR, 400 * 24 * HOUR])
    for who in some:
        f.place[who].jump(seconds)
    return f"{some[0] if len(some) == 1 else 'all'} {seconds:+d} s"


def reboot(f):
    """Its monotonic clock begins elsewhere."""
    who = f.rng.choice(f.members[1:])
    f.place[who].boot_s = f.rng.choice([1, 1000, 10**6])
    restart(f, who, 0.5)
    return who


FUNCTIONS = {name.replace("_", " "): function for name, function in
             [(f.__name__, f) for f in (kill, stop, relay_cut, relay_hole, relay_slow, lie, network_cut, network_slow,
                                        disk_full, clock_jump, reboot)]}


def draw(f, weights):
    """One fault; its kind and whom it met."""
    kind = f.rng.choices(list(weights), list(weights.values()))[0]
    return kind, f.name(FUNCTIONS[kind](f))
