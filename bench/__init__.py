"""The gateway beside its peers: requests a second, latency, processor time and memory on one machine."""
