"""What an ask, a question, a record and a certificate are: plain data without a rule."""
