"""Operations that several layers share: each is a row of the tape with its kernel and its definition in NumPy."""
