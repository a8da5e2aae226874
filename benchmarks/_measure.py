"""Timing of alternatives side by side: interleaved, so that a busy moment hits all alike."""

import random
import statistics
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass

__all__ = ["Row", "interleave", "ratio"]


@dataclass(frozen=True)
class Row:
    """One measured value of a benchmark.

    Attributes
    ----------
    case : str
        What was measured.
    value : float
        The result.
    unit : str
        Its unit; "x" for a ratio.
    bound : str
        The bound that it has to hold, such as ">= 3"; empty when there is none.
    holds : bool or None
        Whether it does; None without a bound.
    """

    case: str
    value: float
    unit: str
    bound: str = ""
    holds: bool | None = None


def interleave(
    alternatives: Mapping[str, Callable[[], object]],
    *,
    budget_s: float,
    seed: int,
    fewest_rounds: int = 5,
) -> dict[str, list[float]]:
    """Time alternatives in turns until the time is used up.

    Each round takes them in another order: what ran before leaves its data in the caches.

    Parameters
    ----------
    alternatives : mapping of str to callable
        What to call. Each is called once beforehand, untimed.
    budget_s : float
        Time to spend on all together, in s.
    seed : int
        Of the orders.
    fewest_rounds : int
        Rounds to make even when the budget is too small for them.

    Returns
    -------
    dict of str to list of float
        Seconds per call, one for each round.
    """
    order = list(alternatives)
    shuffler = random.Random(seed)
    for call in alternatives.values():
        call()
    times: dict[str, list[float]] = {name: [] for name in alternatives}
    end_s = time.perf_counter() + budget_s
    rounds = 0
    while rounds < fewest_rounds or time.perf_counter() < end_s:
        shuffler.shuffle(order)
        for name in order:
            call = alternatives[name]
            start_s = time.perf_counter()
            call()
            times[name].append(time.perf_counter() - start_s)
        rounds += 1
    return times


def ratio(times: Mapping[str, list[float]], slower: str, faster: str) -> float:
    """Give how many times longer one took than the other: the median of the rounds' ratios."""
    pairs = zip(times[slower], times[faster], strict=True)
    return statistics.median(slow / fast for slow, fast in pairs)
