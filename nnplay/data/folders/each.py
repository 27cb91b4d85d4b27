"""One thing done with each of many files, in several threads; what fails is gathered, not raised."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import Any, Final, TypeVar

from nnplay.data.progress import report
from nnplay.errors import InputError
from nnplay.system import processors

_MOST_THREADS: Final = 4
Result = TypeVar("Result")


def try_each(
    items: Sequence[Any], work: Callable[[Any], Result], what: str
) -> tuple[list[Result | None], list[InputError]]:
    """`work` of every item, in several threads, as decoders let others work meanwhile; refusals are gathered.

    Args:
        what: said to whoever listens for progress.
    """

    def one(item: Any) -> Result | InputError:
        try:
            return work(item)
        except InputError as error:
            return error

    results: list[Result | None] = []
    refused: list[InputError] = []
    for result in _in_threads(one, items):
        report(len(results), len(items), what)
        results.append(None if isinstance(result, InputError) else result)
        if isinstance(result, InputError):
            refused.append(result)
    report(len(items), len(items), what)
    return results, refused


def _in_threads(work: Callable[[Any], Any], items: Sequence[Any]) -> Iterator[Any]:
    workers = min(_MOST_THREADS, processors.cores(), len(items))
    if workers <= 1:
        yield from map(work, items)
        return
    from concurrent.futures import ThreadPoolExecutor

    threads = ThreadPoolExecutor(workers)
    try:
        results = threads.map(work, items)
    except RuntimeError:  # the system has no thread left
        results = map(work, items)
    try:
        yield from results
    finally:
        threads.shutdown(cancel_futures=True)
