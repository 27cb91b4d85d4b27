"""Further networks and objectives of a run: what they are, their stages on the tape, the rows they make."""
