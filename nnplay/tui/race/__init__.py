"""The race: variants of the run that train side by side in one picture, or one variant from many seeds."""
