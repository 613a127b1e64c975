"""The load rig: what the gateway costs beside nginx and beside its peers, for anyone to measure."""
