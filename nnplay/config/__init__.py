"""A run as plain data: what a TOML file, a preset, a session or the command line says, checked before anything happens.

    config = RunConfig.from_text('epochs = 50\\ndata = "spiral"\\nlayers = "linear 8, tanh, linear 2"')
    trainer = config.trainer()

Start at `run_config.RunConfig`; `reading` collects problems, `data_choice` and `split_choice` are the sections with
rules of their own, `defaults` fills in what was left open once the data are known.
"""

from nnplay.config.data_choice import DataChoice
from nnplay.config.run_config import RunConfig, Whole, merged
from nnplay.config.split_choice import SPLIT_FIELDS, SplitChoice, read_shares

__all__ = ["SPLIT_FIELDS", "DataChoice", "RunConfig", "SplitChoice", "Whole", "merged", "read_shares"]
