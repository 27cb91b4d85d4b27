"""MNIST: handwritten digits."""

from __future__ import annotations

from nnplay.data.fetched._idx_images import idx_files, idx_record

FILES = idx_files(
    (
        "https://ossci-datasets.s3.amazonaws.com/mnist/",
        "https://storage.googleapis.com/cvdf-datasets/mnist/",
    ),
    (
        (9_912_422, "440fcabf73cc546fa21475e81ea370265605f56be210a4024d2ca8f203523609"),
        (28_881, "3552534a0a558bbed6aed32b30c495cca23d567ec52cac8be1a0730e8010255c"),
        (1_648_877, "8d422c7b0a1c1c79245a5bcf07fe86e33eeafee792b84584aec276f5a2dbc4e6"),
        (4_542, "f7ae60f92e00ec6debd23a6088c31dbd2371eca3ffa0defaefb259924204aec6"),
    ),
)

RECORD = idx_record(
    "mnist",
    title="MNIST",
    about="70,000 digits written by people, 28×28 grey pixels each: the first test of nearly every network of images.",
    when="To compare with what others write about.",
    files=FILES,
    classes=tuple("0123456789"),
    source="LeCun, Cortes and Burges (1998)",
    licence="CC BY-SA 3.0",
)
