"""Images and their masks in two folders side by side: which folder is which, and which mask belongs to what."""

from __future__ import annotations

from pathlib import Path
from typing import Final

from nnplay.data.folders.listing import list_files, subfolders
from nnplay.data.pictures.options import ENDINGS
from nnplay.errors import InputError
from nnplay.text import clean, counted

_PICTURES: Final = frozenset({"images", "imgs", "image", "img", "pictures", "photos", "inputs", "x", "jpegimages"})
_MASKS: Final = frozenset(
    {"masks", "mask", "labels", "annotations", "targets", "segmentation", "segmentations", "y", "segmentationclass"}
)
#: What programs put behind the name of an image to name its mask.
_BEHIND: Final = ("_mask", "-mask", "_seg", "_label", "_labels", "_gt", "_segmentation", "_annotation")


def find_mask_folders(folder: Path) -> tuple[Path, Path] | None:
    """The folder of images and that of masks, if a folder holds one of each."""
    try:
        tops = subfolders(folder, "")
    except InputError:
        return None
    pictures = [top for top in tops if top.name.lower() in _PICTURES]
    masks = [top for top in tops if top.name.lower() in _MASKS]
    return (pictures[0], masks[0]) if len(pictures) == len(masks) == 1 else None


def pair_masks(pictures: Path, masks: Path, where: str) -> tuple[list[tuple[Path, Path]], tuple[str, ...]]:
    """Images with their masks, by name, sorted; and what was left out.

    Raises:
        InputError: no image has a mask, or two masks are called alike.
    """
    seen = list_files(pictures, ENDINGS, where).files
    by_name: dict[str, Path] = {}
    for mask in list_files(masks, ENDINGS, where).files:
        if (other := by_name.setdefault(_bare(mask), mask)) is not mask:
            what = f"two masks are called alike: '{clean(other.name)}' and '{clean(mask.name)}'"
            raise InputError(what, where=where)
    pairs = [(picture, by_name[_bare(picture)]) for picture in seen if _bare(picture) in by_name]
    if not pairs:
        what = f"no image in '{clean(pictures.name)}' has a mask in '{clean(masks.name)}'"
        raise InputError(what, where=where, hint="a mask is called as its image: images/7.jpg, masks/7.png")
    notes = []
    if alone := [picture for picture in seen if _bare(picture) not in by_name]:
        notes.append(f"{counted(len(alone), 'image')} without a mask left out: '{clean(alone[0].name)}', …")
    if unused := len(by_name) - len({_bare(picture) for picture, _ in pairs}):
        notes.append(f"{counted(unused, 'mask')} without an image left out")
    return pairs, tuple(notes)


def _bare(path: Path) -> str:
    """A name without what tells a mask from its image."""
    stem = path.stem.lower()
    return next((stem.removesuffix(end) for end in _BEHIND if stem.endswith(end)), stem)
