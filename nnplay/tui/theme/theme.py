"""The palettes as Textual themes, for what is drawn by Textual itself: borders, dialogs, inputs."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from textual.theme import Theme

from nnplay.tui.theme.look import Look
from nnplay.tui.theme.palette import DARK, LIGHT, Palette

_FIELDS: Final = (
    "background", "raised", "text", "dim", "faint", "accent", "warning", "error", "above"
)  # fmt: skip
_DARK_16: Final = {
    "background": "ansi_black",
    "raised": "ansi_black",
    "text": "ansi_bright_white",
    "dim": "ansi_white",
    "faint": "ansi_bright_black",
    "accent": "ansi_bright_cyan",
    "warning": "ansi_bright_yellow",
    "error": "ansi_bright_magenta",
    "above": "ansi_bright_blue",
}
_LIGHT_16: Final = {
    "background": "ansi_bright_white",
    "raised": "ansi_bright_white",
    "text": "ansi_black",
    "dim": "ansi_bright_black",
    "faint": "ansi_white",
    "accent": "ansi_cyan",
    "warning": "ansi_yellow",
    "error": "ansi_magenta",
    "above": "ansi_blue",
}


def themes(look: Look) -> list[Theme]:
    """The dark and the light theme, in the colours that the terminal of this look has."""
    return [_theme(DARK, look), _theme(LIGHT, look)]


def name(look: Look) -> str:
    """The theme for this look."""
    return look.palette.name


def quiet(look: Look) -> str:
    """The colour of text that must not shout."""
    if look.colours == "16":
        return (_DARK_16 if look.palette.dark else _LIGHT_16)["dim"]
    return look.shade(look.palette.dim)


def _theme(palette: Palette, look: Look) -> Theme:
    if look.colours == "16":
        return _theme_of_16(palette)
    return _named(palette, {field: look.shade(str(getattr(palette, field))) for field in _FIELDS})


def _theme_of_16(palette: Palette) -> Theme:
    """The terminal's own colours on a ground that is set too, as its default ink may be of any colour."""
    return _named(palette, _DARK_16 if palette.dark else _LIGHT_16, ansi=True)


def _named(palette: Palette, colours: Mapping[str, str], *, ansi: bool = False) -> Theme:
    return Theme(
        name=palette.name,
        dark=palette.dark,
        ansi=ansi,
        primary=colours["accent"],
        secondary=colours["above"],
        accent=colours["accent"],
        warning=colours["warning"],
        error=colours["error"],
        success=colours["accent"],
        foreground=colours["text"],
        background=colours["background"],
        surface=colours["background"],
        panel=colours["raised"],
        variables={
            "border": colours["faint"],
            "border-blurred": colours["faint"],
            "footer-background": colours["raised"],
            "input-cursor-background": colours["text"],
            "input-cursor-foreground": colours["background"],
            "input-selection-background": colours["faint"],
            "block-cursor-background": colours["accent"],
            "block-cursor-foreground": colours["background"],
            "scrollbar": colours["faint"],
            "scrollbar-background": colours["background"],
            "scrollbar-hover": colours["dim"],
            "scrollbar-active": colours["accent"],
            "ansi-background": colours["background"],
            "ansi-foreground": colours["text"],
        },
    )
