"""Fashion-MNIST: clothes, in the form of MNIST."""

from __future__ import annotations

from nnplay.data.fetched._idx_images import idx_files, idx_record

FILES = idx_files(
    (
        "http://fashion-mnist.s3-website.eu-central-1.amazonaws.com/",
        "https://raw.githubusercontent.com/zalandoresearch/fashion-mnist/master/data/fashion/",
    ),
    (
        (26_421_880, "3aede38d61863908ad78613f6a32ed271626dd12800ba2636569512369268a84"),
        (29_515, "a04f17134ac03560a47e3764e11b92fc97de4d1bfaf8ba1a3aa29af54cc90845"),
        (4_422_102, "346e55b948d973a97e58d2351dde16a484bd415d4595297633bb08f03db6a073"),
        (5_148, "67da17c76eaffca5446c3361aaab5c3cd6d1c2608764d35dfb1850b086bf8dd5"),
    ),
)

RECORD = idx_record(
    "fashion_mnist",
    title="Fashion-MNIST",
    about="70,000 photos of clothes of ten kinds, 28×28 grey pixels each, in the files of MNIST and harder than it.",
    when="Where MNIST is too easy to tell networks apart.",
    files=FILES,
    classes=(
        "T-shirt/top",
        "trouser",
        "pullover",
        "dress",
        "coat",
        "sandal",
        "shirt",
        "sneaker",
        "bag",
        "ankle boot",
    ),
    source="Xiao, Rasul and Vollgraf: Fashion-MNIST (2017)",
    licence="MIT",
)
