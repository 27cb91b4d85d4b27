"""Ready-made experiments: one TOML file each, which is a run with a `[preset]` table of what it should reach."""
