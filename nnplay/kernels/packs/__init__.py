"""Kernels compiled beforehand, one file for each level of processors and type of numbers, which lie in this folder."""
