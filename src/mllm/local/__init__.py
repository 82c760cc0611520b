"""Local models: loading, answering, fine-tuning and fusing."""
