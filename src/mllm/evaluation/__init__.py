"""Questions put before somebody who answers: prompts, replies, runs, judgements."""
