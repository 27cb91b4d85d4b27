"""What a sweep found, as text: the best trials, how much each setting mattered, and what became of the others."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Sequence

from nnplay.sweeps.importance import importance
from nnplay.sweeps.objective import Objective, pareto_front
from nnplay.sweeps.paired import Comparison, compare
from nnplay.sweeps.ranking import ranked, score_text, setting_text
from nnplay.sweeps.seed_summary import summarize_seeds
from nnplay.sweeps.sweep import Sweep
from nnplay.sweeps.trial import Outcome
from nnplay.text import clean, counted, percent

_ENDS = {"diverged": "diverged", "refused": "could not be trained", "lost": "given up"}


def report(sweep: Sweep, outcomes: Sequence[Outcome], top: int) -> str:
    """Everything that a finished or unfinished sweep can say on a page."""
    done = [outcome for outcome in ranked(sweep, outcomes) if outcome.end == "done"]
    lines = _table(sweep, done[:top]) if done else ["no trial came to its end"]
    if done and len(sweep.objectives) > 1:
        names = " and ".join(objective.name for objective in sweep.objectives)
        kept = pareto_front(sweep.objectives, done)
        lines = [f"{counted(len(kept), 'trial')} that no other beats in {names}:", *_table(sweep, kept[:top])]
    if [axis.name for axis in sweep.axes] == ["seed"]:
        goal = sweep.objectives[0].name
        lines.append(summarize_seeds(goal, [outcome.score(goal) for outcome in outcomes]))
    lines += [_comparison_words(sweep.objectives[0], one) for one in compare(sweep.axes, outcomes, sweep.objectives[0])]
    found = importance(sweep.axes, ranked(sweep, outcomes), sweep.objectives[0])
    if found and len(sweep.axes) > 1:
        shares = ", ".join(f"{name} {percent(share)}" for name, share in sorted(found.items(), key=lambda at: -at[1]))
        lines.append(f"of the differences in {sweep.objectives[0].name}, the settings explain: {shares}")
    if sweep.caution:
        lines.append(sweep.caution)
    ends = Counter(outcome.end for outcome in outcomes)
    for end, words in _ENDS.items():
        if ends[end]:
            reason = next(outcome.reason for outcome in outcomes if outcome.end == end)
            lines.append(f"{counted(ends[end], 'trial')} {words}, the first: {clean(reason, limit=200)}")
    return "\n".join(lines)


def _comparison_words(objective: Objective, found: Comparison) -> str:
    """Whether one value is better than another, in a sentence."""
    ties = f", {counted(found.ties, 'tie')}" if found.ties else ""
    by = score_text(objective.name, abs(found.difference))
    by = f"{by.removesuffix(' %')} percentage points" if by.endswith(" %") else by
    seeds = f"from {found.wins} of {counted(found.pairs, 'seed')}{ties}"
    if found.p_value > 0.05:
        words = f"{setting_text(found.better)} and {setting_text(found.worse)} cannot be told apart"
        return f"{words}: {by} apart in {objective.name}, better {seeds} (p = {found.p_value:.2g})"
    return (
        f"{setting_text(found.better)} is better than {setting_text(found.worse)}: by {by} in {objective.name}, "
        f"{seeds} (p = {found.p_value:.2g})"
    )


def best_words(sweep: Sweep, best: Outcome | None) -> str:
    """The best score so far, for one line."""
    if best is None:
        return ""
    goal = sweep.objectives[0].name
    return f"{sweep.superlative} {goal} {score_text(goal, best.score(goal))} (trial {best.trial.number})"


def document(sweep: Sweep, outcomes: Sequence[Outcome], top: int) -> str:
    """One JSON object, for scripts."""
    best = ranked(sweep, outcomes)[:top]
    ends = Counter(outcome.end for outcome in outcomes)
    table = {
        "sweep": sweep.to_dict(),
        "trials": len(outcomes),
        "ends": dict(ends),
        "best": [outcome.to_dict() for outcome in best],
        "importance": importance(sweep.axes, ranked(sweep, outcomes), sweep.objectives[0]),
    }
    return json.dumps(table)


def _table(sweep: Sweep, best: Sequence[Outcome]) -> list[str]:
    scores = list(dict.fromkeys([objective.name for objective in sweep.objectives] + ["loss"]))
    head = ["trial", *(axis.name for axis in sweep.axes), *scores]
    rows = [
        [
            str(outcome.trial.number),
            *(setting_text(outcome.trial.settings[axis.name]) for axis in sweep.axes),
            *(score_text(name, outcome.score(name)) for name in scores),
        ]
        for outcome in best
    ]
    widths = [max(len(row[column]) for row in [head, *rows]) for column in range(len(head))]
    return ["  ".join(cell.rjust(width) for cell, width in zip(row, widths, strict=True)) for row in [head, *rows]]
