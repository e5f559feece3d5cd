"""How many questions the questionnaire needs to reach the right first cause, beside a fixed and a random order.

Every scored, faulty case of the library is answered from what its source gives, and "unknown" for the rest, beginning
with nothing. Counted are the questions after which the right cause stands first and stays there. All orders ask the
same fields: those the questionnaire may ask, first what no case can do without. The fixed order is that of the case,
materials first. A case in which an order never gets there counts as many questions as there are to ask. Cases
that no order can get right, as not even all their answers together name the right cause, are told and left out.

    python benchmarks/questionnaire.py [--orders 20] [--draws 2000]
"""

from __future__ import annotations

import argparse
import random
import time
from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass
from statistics import mean, median

from diagnose.case import Case
from diagnose.data import Base, load
from diagnose.derived import Value
from diagnose.facts import facts_of
from diagnose.question import ELECTROLYTE, FAMILY, ROLE, askable, asking, first_asked
from diagnose.validation import LabelledCase, library
from diagnose.variants import Variants, fields_of

Fields = dict[str, Value]


@dataclass(frozen=True)
class Walk:
    """The questions of one run and which cause stood first after each of them (and before the first)."""

    asked: tuple[str, ...]
    firsts: tuple[str, ...]
    reason: str = ""

    def needed(self, accepted: Collection[str]) -> int | None:
        """Questions until an accepted cause stands first for good; None when it does not."""
        wrong = [place for place, cause in enumerate(self.firsts) if cause not in accepted]
        return 0 if not wrong else None if wrong[-1] == len(self.firsts) - 1 else wrong[-1] + 1


def firsts(base: Base, steps: Sequence[Fields]) -> list[str]:
    """The first cause of each of some states of knowledge; of one that is no case yet, none."""
    found = Variants(base, {}, steps)
    names = [found.causes[place] if place >= 0 else "" for place in found.first.tolist()]
    return [name if first_asked(base, step) is None else "" for name, step in zip(names, steps, strict=True)]


def begin(base: Base, known: Fields) -> tuple[Fields, list[str]]:
    """What no case can do without, asked for first."""
    fields: Fields = {}
    asked: list[str] = []
    while (name := first_asked(base, fields, asked)) is not None:
        asked.append(name)
        if name in known:
            fields[name] = known[name]
        elif name != ELECTROLYTE:
            raise ValueError(f"the case lacks {name}")
    return fields, asked


def in_order(base: Base, known: Fields, order: Sequence[str]) -> Walk:
    """Ask everything in one order."""
    fields, asked = begin(base, known)
    states = [{}, *({name: fields[name] for name in asked[: n + 1] if name in fields} for n in range(len(asked)))]
    for name in order:
        if name not in asked and askable(name, facts_of(fields, base.knowledge).facts, base):
            asked.append(name)
            if name in known:
                fields[name] = known[name]
            states.append(dict(fields))
    return Walk(tuple(asked), tuple(firsts(base, states)))


def adaptive(base: Base, known: Fields, times: list[float]) -> Walk:
    """Ask what the questionnaire asks, until it stops by itself."""
    fields, asked = begin(base, known)
    states = [{}, *({name: fields[name] for name in asked[: n + 1] if name in fields} for n in range(len(asked)))]
    while True:
        started = time.perf_counter()
        found = asking(base, fields, asked)
        times.append(time.perf_counter() - started)
        if found.stop is not None:
            return Walk(tuple(asked), tuple(firsts(base, states)), found.stop.reason)
        name = found.best[0]
        asked.append(name)
        if name in known:
            fields[name] = known[name]
        states.append(dict(fields))


def interval(values: Sequence[float], statistic: Callable[[Sequence[float]], float], draws: int) -> tuple[float, float]:
    """95 % bootstrap interval over cases."""
    draw = random.Random(0)
    made = sorted(statistic(draw.choices(values, k=len(values))) for _ in range(draws))
    return made[int(0.025 * draws)], made[int(0.975 * draws)]


def shown(values: Sequence[float], draws: int) -> str:
    low, high = interval(values, mean, draws)
    return (
        f"mean {mean(values):6.2f} [{low:5.2f}, {high:5.2f}]   median {median(values):5.1f}   most {max(values):5.1f}"
    )


def ratio(some: Sequence[float], others: Sequence[float], draws: int) -> str:
    """Ratio of means with the cases drawn together."""
    pairs = list(zip(some, others, strict=True))
    draw = random.Random(0)
    made = []
    for _ in range(draws):
        sample = draw.choices(pairs, k=len(pairs))
        made.append(sum(a for a, _ in sample) / sum(b for _, b in sample))
    made.sort()
    whole = sum(some) / sum(others)
    return f"{whole:.2f} [{made[int(0.025 * draws)]:.2f}, {made[int(0.975 * draws)]:.2f}]"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--orders", type=int, default=20, help="random orders for each case")
    parser.add_argument("--draws", type=int, default=2000, help="bootstrap draws")
    parser.add_argument("--each", action="store_true", help="a line for each case")
    options = parser.parse_args()
    base = load()
    cases = [case for case in library(base) if case.scored and case.expect.verdict == "faulty"]
    fixed, drawn, ours, lengths, times = [], [], [], [], list[float]()
    reasons: dict[str, int] = {}
    failed: list[str] = []
    unreachable: list[str] = []
    for case in cases:
        known = fields_of(Case.model_validate(case.given))
        order = [name for name in Case.model_fields if name not in (ELECTROLYTE, FAMILY, ROLE)]
        walk = in_order(base, known, order)
        needed = walk.needed(case.accepted)
        if needed is None:
            unreachable.append(case.id)
            continue
        most = len(walk.asked)
        fixed.append(float(needed))
        drawn.append(mean(_random(base, case, known, order, seed, most) for seed in range(options.orders)))
        mine = adaptive(base, known, times)
        found = mine.needed(case.accepted)
        if found is None:
            failed.append(case.id)
        ours.append(float(most if found is None else found))
        lengths.append(float(len(mine.asked)))
        reasons[mine.reason] = reasons.get(mine.reason, 0) + 1
        if options.each:
            print(f"{case.id:<36} fixed {needed:3}  ours {found}  asked {len(mine.asked)}  {mine.reason}")
    print(f"{len(fixed)} of {len(cases)} scored faulty cases; no order gets these right: {', '.join(unreachable)}")
    print(f"questionnaire  {shown(ours, options.draws)}   missed {len(failed)} {failed}")
    print(f"fixed order    {shown(fixed, options.draws)}")
    print(f"random order   {shown(drawn, options.draws)}")
    print(
        f"questionnaire over fixed {ratio(ours, fixed, options.draws)}, over random {ratio(ours, drawn, options.draws)}"
    )
    print(f"questions until it stops by itself: {shown(lengths, options.draws)}   {dict(sorted(reasons.items()))}")
    ordered = sorted(times)
    print(
        f"choosing a question: median {1e3 * median(times):.1f} ms, 95th percentile "
        f"{1e3 * ordered[int(0.95 * len(ordered))]:.1f} ms, {len(times)} questions"
    )


def _random(base: Base, case: LabelledCase, known: Fields, order: Sequence[str], seed: int, most: int) -> float:
    names = list(order)
    random.Random(seed).shuffle(names)
    needed = in_order(base, known, names).needed(case.accepted)
    return float(most if needed is None else needed)


if __name__ == "__main__":
    main()
