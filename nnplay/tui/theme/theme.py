"""The palettes as Textual themes, for what is drawn by Textual itself: borders, dialogs, inputs."""

from __future__ import annotations

from textual.theme import Theme

from nnplay.tui.theme.look import Look
from nnplay.tui.theme.palette import DARK, LIGHT, Palette


def themes() -> list[Theme]:
    """The dark and the light theme."""
    return [_theme(DARK), _theme(LIGHT)]


def name(look: Look) -> str:
    """The theme for this look; 16-colour terminals get Textual's own that uses the terminal's colours."""
    if look.colours == "16":
        return "ansi-dark" if look.palette.dark else "ansi-light"
    return look.palette.name


def _theme(palette: Palette) -> Theme:
    return Theme(
        name=palette.name,
        dark=palette.dark,
        primary=palette.accent,
        secondary=palette.above,
        accent=palette.accent,
        warning=palette.warning,
        error=palette.error,
        success=palette.accent,
        foreground=palette.text,
        background=palette.background,
        surface=palette.background,
        panel=palette.raised,
        variables={
            "border": palette.faint,
            "border-blurred": palette.faint,
            "footer-background": palette.raised,
            "input-cursor-background": palette.text,
            "input-selection-background": palette.faint,
            "block-cursor-background": palette.accent,
            "block-cursor-foreground": palette.background,
            "scrollbar": palette.faint,
            "scrollbar-background": palette.background,
            "scrollbar-hover": palette.dim,
            "scrollbar-active": palette.accent,
        },
    )
