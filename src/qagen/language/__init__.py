"""Every word: movements and the thresholds of questions, phrases by frame of reference, stems."""
