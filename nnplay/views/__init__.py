"""What the screen shows of a network's answers, for every kind of task; made by the training thread."""

from nnplay.views.choosing import make_view
from nnplay.views.data_form import plane_inputs
from nnplay.views.layer_pictures import make_layer_pictures
from nnplay.views.plane import make_neuron_pictures, plane_range

__all__ = ["make_layer_pictures", "make_neuron_pictures", "make_view", "plane_inputs", "plane_range"]
