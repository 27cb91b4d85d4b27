"""Which line of a list is at its top: the cursor is always seen, and a list that got another size finds back."""

from __future__ import annotations


class ScrollPlace:
    """Follows a cursor.

    A list that becomes smaller may have to scroll to its cursor. That is not what the user chose: when it becomes as
    large as it was, the same line is at the top again.

    Attributes:
        top: the first line that is seen.
    """

    def __init__(self) -> None:
        self.top = 0
        self._chosen, self._cursor = 0, 0

    def follow(self, cursor: int, height: int, total: int) -> int:
        """The first line to be drawn of `total` where `height` are seen and the cursor is on one of them."""
        if cursor != self._cursor:
            self._chosen, self._cursor = self.top, cursor
        self.top = max(0, cursor - height + 1, min(self._chosen, cursor, total - height))
        return self.top
