"""A network with a class for each pixel is said to do segmentation, and scored by the mean overlap (mIoU)."""

from __future__ import annotations

from nnplay.cli.report import score_table
from nnplay.config import RunConfig
from nnplay.run.final_score import describe_test
from nnplay.run.task_words import describe_task
from nnplay.tui.forms.problem import PROBLEMS, first_of, problem_of


def test_segmentation_is_called_so() -> None:
    """In the sentence on the task, the score at the end, the table of scores, and the line that chooses a problem."""
    data = {"name": "shapes_masks", "samples": 40, "size": 16, "kinds": 3}
    trainer = RunConfig.from_dict({"data": data, "layers": "conv2d 4 3 padding=same"}).trainer()
    task = describe_task("shapes_masks", trainer.split.train)
    assert "to find the class of each pixel (4 classes)" in task
    assert describe_test(trainer).startswith("test mIoU 0.")
    assert "mIoU" in score_table({"test": trainer.evaluate("test")})
    assert problem_of("shapes_masks") == "segmentation"
    assert problem_of("spiral") == "classification"
    assert all(problem_of(first_of(problem)) == problem for problem in PROBLEMS)
