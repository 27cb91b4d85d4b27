"""Files from the network: where they are, how they are brought here safely, and where they are kept."""
