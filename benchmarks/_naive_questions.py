"""Questions as research scripts make them: dictionaries, searched text, a loop a question.

The peer of `generation_throughput.py`, written for it in the style of published generators. Every
movement becomes a phrase such as "moves left strongly"; what is asked is found again by searching
the phrases. It asks the seven tasks without evidence, margins, checks or reasons to refuse.
"""

import json
import random

from kinematics.facts import MotionFacts

DIRECTIONS = {
    "left": ("left", "right"),
    "up": ("up", "down"),
    "forward": ("forward", "backward"),
    "start_distance": ("away from the start", "towards the start"),
    "heading": ("turning left", "turning right"),
    "forward_lean": ("leaning forward", "leaning backward"),
    "left_lean": ("leaning left", "leaning right"),
}
STRENGTHS = ("slightly", "", "strongly")
WINDOWS = ("the whole video", "the first quarter", "the second quarter", "the third quarter",
           "the last quarter")  # fmt: skip


def phrases(facts: MotionFacts) -> list[dict]:
    """Each event as a dictionary with a phrase and its frames."""
    found = []
    for event in facts.events:
        size = abs(event.amount)
        strength = STRENGTHS[0 if size < 0.5 else 1 if size < 1.5 else 2]
        direction = DIRECTIONS[event.signal][0 if event.amount > 0 else 1]
        found.append(
            {
                "code": f"moves {direction} {strength}".strip(),
                "start_frame": int(event.start_s * 30),
                "end_frame": int(event.end_s * 30),
                "amount": size,
                "speed": "fast" if event.peak_speed > 1.2 else "slow",
            }
        )
    return sorted(found, key=lambda one: one["start_frame"])


def _within(events: list[dict], window: int, frames: float) -> list[dict]:
    if window == 0:
        return events
    start, end = (window - 1) * frames / 4, window * frames / 4
    return [one for one in events if one["start_frame"] < end and one["end_frame"] > start]


def _question(clip: str, task: str, stem: str, key: str, others: list[str]) -> dict:
    """A dictionary with shuffled options."""
    generator = random.Random(f"{clip}{stem}")
    options = [key, *others]
    generator.shuffle(options)
    letters = dict(zip("ABCD", options, strict=False))
    answer = next(letter for letter, text in letters.items() if text == key)
    return {
        "id": f"{clip}_{generator.getrandbits(64):016x}",
        "video": clip,
        "task": task,
        "question": stem,
        "options": letters,
        "answer": answer,
    }


def ask(facts: MotionFacts) -> list[str]:
    """The questions of a clip, each as a line of JSON."""
    events, frames = phrases(facts), facts.duration_s * 30
    asked = []
    words = [word for pair in DIRECTIONS.values() for word in pair]
    for window, name in enumerate(WINDOWS):
        there = _within(events, window, frames)
        for word in words:
            count = len([one for one in there if f" {word}" in one["code"]])
            if window == 0:
                numbers = [str(n) for n in range(max(0, count - 1), max(0, count - 1) + 4)]
                numbers.remove(str(count))
                stem = f"How many times does the person move {word} in {name}?"
                asked.append(_question(facts.clip, "numerical", stem, str(count), numbers))
            happened = "Yes" if count else "No"
            stem = f"Does the person ever move {word} in {name}?"
            other = ["No" if count else "Yes"]
            asked.append(_question(facts.clip, "existence", stem, happened, other))
        for one, other in DIRECTIONS.values():
            totals = [
                sum(event["amount"] for event in there if f" {word}" in event["code"])
                for word in (one, other)
            ]
            keys = [one, other, "about the same"]
            best = 2 if abs(totals[0] - totals[1]) < 0.1 else totals.index(max(totals))
            key = keys.pop(best)
            stem = f"Does the person move more {one} or {other} in {name}?"
            asked.append(_question(facts.clip, "comparative", stem, key, keys))
            seen = [any(f" {word}" in event["code"] for event in there) for word in (one, other)]
            keys = ["both", f"only {one}", f"only {other}", "neither"]
            key = keys.pop({(1, 1): 0, (1, 0): 1, (0, 1): 2, (0, 0): 3}[tuple(map(int, seen))])
            stem = f"Which of these happens in {name}: moving {one} or moving {other}?"
            asked.append(_question(facts.clip, "temporal", stem, key, keys))
        sums = {
            word: sum(event["amount"] for event in there if f" {word}" in event["code"])
            for word in words
        }
        key, *others = sorted(words, key=lambda word: -sums[word])[:3]
        stem = f"Which movement dominates in {name}?"
        asked.append(_question(facts.clip, "dominant", stem, key, others))
    for place, event in enumerate(events[:-1]):
        following = events[place + 1]["code"]
        codes = [f"moves {word}" for word in words if f" {word}" not in following][:3]
        stem = f"After the person {event['code']} at {event['start_frame']}, what comes next?"
        asked.append(_question(facts.clip, "ordering", stem, following, codes))
    for word in words:
        quarters = [
            sum(
                event["amount"]
                for event in _within(events, window, frames)
                if f" {word}" in event["code"]
            )
            for window in range(1, 5)
        ]
        names = list(WINDOWS[1:])
        key = names.pop(quarters.index(max(quarters)))
        stem = f"In which quarter does the person move most {word}?"
        asked.append(_question(facts.clip, "trajectory", stem, key, names))
    return [json.dumps(one) for one in asked]
