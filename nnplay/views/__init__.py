"""What the screen shows of a network's answers, for every kind of task; made by the training thread."""

from nnplay.views.choosing import answers
from nnplay.views.plane import neuron_pictures, plane_inputs, surface

__all__ = ["answers", "neuron_pictures", "plane_inputs", "surface"]
