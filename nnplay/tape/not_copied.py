"""What cannot be copied or pickled says so: an object that holds addresses, an open file or a lock."""

from __future__ import annotations

from typing import ClassVar, NoReturn

from nnplay.errors import InputError


class NotCopied:
    """Base of classes whose copies would share memory by its address, or a file by its handle.

    `copy.copy`, `copy.deepcopy` and `pickle` all ask `__reduce_ex__`.

    Attributes:
        instead: what to copy or save in its place, for the message.
    """

    instead: ClassVar[str] = "copy its trainer"

    def __reduce_ex__(self, protocol: object) -> NoReturn:
        """Refuses.

        Raises:
            InputError: always; it names what can be copied.
        """
        raise InputError(f"a {type(self).__name__} cannot be copied or pickled", hint=self.instead)
