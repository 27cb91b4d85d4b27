"""Operations of every training step: gathering a batch, gradient norm, clipping, penalties, silenced parts."""
