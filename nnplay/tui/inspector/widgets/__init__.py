"""What the inspector draws: the row under the cursor with its operands, the list of rows, the lines around them."""
