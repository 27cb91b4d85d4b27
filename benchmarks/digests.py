"""What every preset comes to after 200 steps, as one number: `python benchmarks/digests.py [--write] [preset …]`.

The numbers must be the same on every processor, for every level that kernels can be compiled for
(`NNPLAY_PROCESSOR=x86-64-v3 python benchmarks/digests.py`), and for any number of threads. They are held against
`tests/golden/digests.json`. `--write` puts others in their place: then the number in `timeline.saved.engine` goes up.
"""

from __future__ import annotations

import json
import sys
import time
from pathlib import Path

from nnplay.kernels.compile import processor
from nnplay.presets.catalogue import load_preset, preset_records
from nnplay.presets.digest import run_digest

KNOWN = Path(__file__).parents[1] / "tests" / "golden" / "digests.json"


def main(names: list[str], write: bool) -> int:
    """Prints a line a preset; returns how many differ from what is known."""
    known = json.loads(KNOWN.read_text()) if KNOWN.exists() else {}
    wrong = 0
    print(f"processor: {processor.level()} ({processor.name(processor.level())})")
    for name in names or sorted(preset_records()):
        began = time.perf_counter()
        found = run_digest(load_preset(name))
        agrees = known.get(name) == found
        wrong += not agrees
        print(
            f"{name:28} {found}  {'as ever' if agrees else 'ANOTHER'}  {time.perf_counter() - began:.1f} s", flush=True
        )
        if write:
            known[name] = found
            KNOWN.write_text(json.dumps(dict(sorted(known.items())), indent=1) + "\n")
    return wrong


if __name__ == "__main__":
    words = sys.argv[1:]
    sys.exit(1 if main([word for word in words if word != "--write"], "--write" in words) else 0)
