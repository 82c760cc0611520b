"""Models on this machine: loading, answering, fine-tuning and fusing them."""
