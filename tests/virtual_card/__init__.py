"""A graphics card that is not there: NVIDIA's driver, whose kernels a processor runs from the PTX that cards get."""
