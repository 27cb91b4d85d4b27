"""Rows that belong to no layer, loss or optimizer: gathering a batch, penalties, the gradient's norm, clipping."""
