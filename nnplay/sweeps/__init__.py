"""Many runs of one network with some settings changed: what is tried, who trains it, and where the results go."""
