"""What the screen shows of a network's answers, for every kind of task; made by the training thread."""

from nnplay.views.choosing import answers
from nnplay.views.data_form import plane_inputs
from nnplay.views.plane import make_neuron_pictures

__all__ = ["answers", "make_neuron_pictures", "plane_inputs"]
