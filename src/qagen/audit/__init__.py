"""Audits of questions: what can be answered without the video.

`load.read` reads rows of a data set, of this project or of others; `report.audit` tries every
blind model on them; `report.best_blind` names the best of each task.
"""
