"""True pixels on terminals that have them: pictures by kitty's protocol and as sixels, in place of coloured cells."""
