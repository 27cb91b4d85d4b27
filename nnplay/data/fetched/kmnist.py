"""Kuzushiji-MNIST: cursive Japanese characters, in the form of MNIST."""

from __future__ import annotations

from nnplay.data.fetched._idx_images import idx_files, idx_record

FILES = idx_files(
    (
        "https://codh.rois.ac.jp/kmnist/dataset/kmnist/",
        "http://codh.rois.ac.jp/kmnist/dataset/kmnist/",
    ),
    (
        (18_165_135, "51467d22d8cc72929e2a028a0428f2086b092bb31cfb79c69cc0a90ce135fde4"),
        (29_497, "e38f9ebcd0f3ebcdec7fc8eabdcdaef93bb0df8ea12bee65224341c8183d8e17"),
        (3_041_136, "edd7a857845ad6bb1d0ba43fe7e794d164fe2dce499a1694695a792adfac43c5"),
        (5_120, "20bb9a0ef54c7db3efc55a92eef5582c109615df22683c380526788f98e42a1c"),
    ),
)

RECORD = idx_record(
    "kmnist",
    title="Kuzushiji-MNIST",
    about="70,000 characters out of old Japanese books, 28×28 grey pixels each; one class has several forms.",
    when="Where one class looks different from time to time.",
    files=FILES,
    classes=("o", "ki", "su", "tsu", "na", "ha", "ma", "ya", "re", "wo"),
    source="Clanuwat et al.: Deep Learning for Classical Japanese Literature (2018)",
    licence="CC BY-SA 4.0",
)
