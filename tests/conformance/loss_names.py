"""PyTorch's losses as modules and as functions."""

from __future__ import annotations

#: Losses are modules there, and functions in our twins.
LOSSES = {
    "nn.L1Loss": "l1_loss",
    "nn.MSELoss": "mse_loss",
    "nn.SmoothL1Loss": "smooth_l1_loss",
    "nn.HuberLoss": "huber_loss",
    "nn.KLDivLoss": "kl_div",
    "nn.NLLLoss": "nll_loss",
    "nn.GaussianNLLLoss": "gaussian_nll_loss",
    "nn.PoissonNLLLoss": "poisson_nll_loss",
    "nn.BCELoss": "binary_cross_entropy",
    "nn.BCEWithLogitsLoss": "binary_cross_entropy_with_logits",
    "nn.CrossEntropyLoss": "cross_entropy",
    "nn.MultiMarginLoss": "multi_margin_loss",
    "nn.CTCLoss": "ctc_loss",
    "nn.CosineEmbeddingLoss": "cosine_embedding_loss",
    "nn.MarginRankingLoss": "margin_ranking_loss",
    "nn.HingeEmbeddingLoss": "hinge_embedding_loss",
    "nn.SoftMarginLoss": "soft_margin_loss",
    "nn.MultiLabelMarginLoss": "multilabel_margin_loss",
    "nn.MultiLabelSoftMarginLoss": "multilabel_soft_margin_loss",
    "nn.LinearCrossEntropyLoss": "linear_cross_entropy",
}
