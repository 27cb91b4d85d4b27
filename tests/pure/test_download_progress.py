"""How a download is watched: one living line on a terminal, ten plain lines elsewhere."""

from __future__ import annotations

import io

from nnplay.cli.progress import Live, Plain


def test_elsewhere_a_download_is_ten_lines() -> None:
    """However many pieces arrive."""
    out = io.StringIO()
    watching = Plain(out)
    for done in range(1001):
        watching.downloading(done, 1000, "mnist")
    lines = out.getvalue().splitlines()
    assert len(lines) == 10
    assert lines[0] == "mnist  100 bytes of 1000 bytes"
    assert lines[-1] == "mnist  1000 bytes of 1000 bytes"


def test_on_a_terminal_a_download_is_one_line_that_is_taken_away() -> None:
    """The last piece is always drawn, however soon after the one before."""
    out = io.StringIO()
    watching = Live(out)
    watching.downloading(999, 1000, "mnist")
    watching.downloading(1000, 1000, "mnist")
    watching.close()
    *_, last, gone = out.getvalue().split("\r\x1b[K")
    assert last == f"mnist {'#' * 20} 1000 bytes of 1000 bytes"
    assert gone == ""
    assert "\n" not in out.getvalue()
